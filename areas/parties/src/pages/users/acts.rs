//! 对一名工作人员做的事：改、任免、账号、离职、恢复。一个动作一条命令。

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_directory::commands as directory;
use tongban_kernel::Problem;
use tongban_kernel::time::{date_of, day_number};
use tongban_store::Error;
use tongban_web::{App, Ctx, Failure, Form, Layout, render_status, see_other};

use super::forms::{PostForm, StaffForm};
use super::new::{PasswordPage, first_password};
use super::show::{self, Tried};
use crate::commands::staff::{self, Leaving, NewAccount};
use crate::identify::forget_account;
use crate::{passwords, queries};

/// 回到这个人的页面。
fn back(id: i64, place: &str, said: impl Into<String>) -> Response {
    see_other(format!("/admin/users/{id}{place}")).flash(said).into_response()
}

/// 拒绝了：能改的在原表单上指出来，版本不符、状态不对的也在这一页上说；范围外、没有权限的照旧。
async fn refused(app: &App, ctx: &Ctx, id: i64, tried: Tried, error: Error) -> Result<Response, Failure> {
    let problem = error.into_problem();
    let status = problem.code.status();
    if !matches!(status, 409 | 412 | 422) {
        return Err(problem.into());
    }
    render_status(status, &show::page(app, ctx, id, tried, Some(&problem)).await?)
}

/// `POST /admin/users/{staff}`：改基本情况。
///
/// # Errors
/// 范围外 404，管不了 403，版本不符 412，填得不对 422。
pub async fn edit(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<StaffForm>) -> Result<Response, Failure> {
    let (actor, at, new, version) = (ctx.actor.clone(), app.now(), form.staff(), form.version);
    match app.act(&ctx, "directory.edit_staff", move |tx| directory::edit_staff(tx, &actor, id, version, &new, at)).await {
        Ok(()) => Ok(back(id, "", "改好了")),
        Err(error) => refused(&app, &ctx, id, Tried::Edit(form), error).await,
    }
}

/// `POST /admin/users/{staff}/posts`：任职。
///
/// # Errors
/// 范围外 404，管不了 403，填得不对 422。
pub async fn appoint(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<PostForm>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let new = form.appointment(id, day_number(date_of(at)));
    match app.act(&ctx, "directory.appoint", move |tx| directory::appoint(tx, &actor, &new, at)).await {
        Ok(_) => Ok(back(id, "#posts", "已任职")),
        Err(error) => refused(&app, &ctx, id, Tried::Add(form), error).await,
    }
}

/// 改岗位的表单；`end` 是结束任职的按钮。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ChangeForm {
    post_version: i64,
    title: String,
    window: String,
    reach: String,
    from: String,
    to: String,
    backup: String,
    away: String,
    end: String,
}

impl ChangeForm {
    fn post(&self) -> PostForm {
        PostForm {
            version: self.post_version,
            title: self.title.clone(),
            window: self.window.clone(),
            reach: self.reach.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            backup: self.backup.clone(),
            away: self.away.clone(),
            ..PostForm::default()
        }
    }
}

/// `POST /admin/users/{staff}/posts/{post}`：改岗位，或从今天起结束任职。
///
/// # Errors
/// 范围外 404，管不了 403，版本不符 412，最后一名系统管理员 409，填得不对 422。
pub async fn change_post(
    State(app): State<App>,
    ctx: Ctx,
    Path((id, post)): Path<(i64, i64)>,
    Form(form): Form<ChangeForm>,
) -> Result<Response, Failure> {
    let (actor, at, ending, input) = (ctx.actor.clone(), app.now(), form.end == "1", form.post());
    let mut change = input.change(day_number(date_of(at)));
    if ending {
        change.to_day = day_number(date_of(at).yesterday().unwrap_or(date_of(at)));
    }
    let version = input.version;
    match app.act(&ctx, "directory.change_post", move |tx| directory::change_post(tx, &actor, post, version, &change, at)).await {
        Ok(()) => Ok(back(id, "#posts", if ending { "任职结束了" } else { "岗位改好了" })),
        Err(error) => refused(&app, &ctx, id, Tried::Post(post, input), error).await,
    }
}

/// 账号的表单。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AccountForm {
    /// `open` 开、`reset` 重置口令、`unlock` 解锁。
    act: String,
    version: i64,
    login: String,
}

/// `POST /admin/users/{staff}/account`。不认一次性提交键（所以不用 `act`）：回答里有口令，不能存下来重放；重复提交由版本号挡住。
///
/// # Errors
/// 范围外 404，管不了 403，版本不符 412，没有锁、重置自己的 409，登录名不对 422。
pub async fn account(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<AccountForm>) -> Result<Response, Failure> {
    let (actor, at, version) = (ctx.actor.clone(), app.now(), form.version);
    if form.act == "unlock" {
        return match app.act(&ctx, "parties.unlock", move |tx| staff::unlock(tx, &actor, id, version, at)).await {
            Ok(()) => Ok(back(id, "#account", "已解锁，可以马上再登录")),
            Err(error) => refused(&app, &ctx, id, Tried::Said, error).await,
        };
    }
    let opening = form.act == "open";
    if !opening && form.act != "reset" {
        return Err(Problem::field("act", "choice", "请从页面上的按钮来").into());
    }
    let password = first_password();
    let (hash, login) = (passwords::hash(password.clone()).await?, form.login.clone());
    let given = app.db().write("parties.give_password", move |tx| {
        if opening {
            staff::open_account(tx, &actor, &NewAccount { staff: id, login: &login, hash: &hash, must_change: true }, at)?;
        } else {
            staff::give_password(tx, &actor, id, version, &hash, at)?;
        }
        let account = queries::staff::account_of(tx, id)?.ok_or_else(Problem::not_found)?;
        let name = tongban_directory::queries::staff_name(tx, id)?.unwrap_or_default();
        Ok((account, name))
    });
    match given.await {
        Ok((account, name)) => {
            forget_account(account.id);
            render_status(200, &PasswordPage {
                l: Layout::staff(&ctx, "初始口令"),
                heading: if opening { "账号已开" } else { "口令已重置" },
                staff: id,
                name,
                login: account.login,
                password,
            })
        }
        Err(error) => refused(&app, &ctx, id, if opening { Tried::Open(form.login) } else { Tried::Said }, error).await,
    }
}

/// 离职的表单。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct LeaveForm {
    version: i64,
    to: String,
    confirm: String,
}

/// `POST /admin/users/{staff}/leave`：离职停用，手里的交出去。
///
/// # Errors
/// 范围外 404，管不了 403，版本不符 412，自己、最后一名系统管理员 409，没有确认、没有说交给谁 422。
pub async fn leave(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<LeaveForm>) -> Result<Response, Failure> {
    let leaving = Leaving { staff: id, version: form.version, to: form.to.parse().unwrap_or(0) };
    let (actor, at, holdings, sure) = (ctx.actor.clone(), app.now(), show::holdings(&app), form.confirm == "1");
    let left = app.act(&ctx, "parties.leave", move |tx| {
        directory::manageable(tx, &actor, id, at)?;
        if !sure {
            return Err(Problem::field("confirm", "required", "请勾选“他确已离职或调走”").into());
        }
        staff::leave(tx, &actor, &leaving, &holdings, at).map_err(|error| cannot_hand_over(error, leaving.to))
    });
    match left.await {
        Ok(moved) => {
            forget_staff(&app, id).await?;
            Ok(back(id, "", if moved == 0 { "已停用".to_owned() } else { format!("已停用，手里的 {moved} 件交出去了") }))
        }
        Err(error) => refused(&app, &ctx, id, Tried::Leave(form.to), error).await,
    }
}

/// 管人的不一定管办件：交不了就说清该谁来交。
fn cannot_hand_over(error: Error, to: i64) -> Error {
    let refused = to != 0 && error.problem().is_some_and(|problem| matches!(problem.code.status(), 403 | 404));
    if !refused {
        return error;
    }
    Problem::field("to", "forbidden", "您的岗位不能转办他手里的件：请他的部门负责人或部门管理员先逐件转办，再来停用").into()
}

async fn forget_staff(app: &App, id: i64) -> Result<(), Failure> {
    let account = app.db().read("parties.account_of", move |tx| queries::staff::account_of(tx, id)).await?;
    if let Some(account) = account {
        forget_account(account.id);
    }
    Ok(())
}

/// 只带版本号的表单。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct VersionForm {
    version: i64,
}

/// `POST /admin/users/{staff}/return`：恢复停用的。
///
/// # Errors
/// 范围外 404，管不了 403，版本不符 412，没有停用 409。
pub async fn come_back(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<VersionForm>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    match app.act(&ctx, "parties.come_back", move |tx| staff::come_back(tx, &actor, id, form.version, at)).await {
        Ok(()) => Ok(back(id, "", "已恢复；离职时结束的岗位请重新任职")),
        Err(error) => refused(&app, &ctx, id, Tried::Said, error).await,
    }
}
