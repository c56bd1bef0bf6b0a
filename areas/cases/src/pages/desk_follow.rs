//! 窗口上的变更、延续、补证：填原办件或证照编号，选一种，表单照原件填好再收件。

use axum::response::{IntoResponse, Response};
use tongban_kernel::problem::Code;
use tongban_kernel::{Problem, mask, time};
use tongban_store::Error;
use tongban_web::{App, Ctx, Failure, Layout, render, render_status};

use super::desk_new::{PickPage, form_page};
use super::follow::{FollowPage, choices};
use super::{Fields, mendable};
use crate::commands::{self, Prepared};
use crate::model::{FieldKind, Follow, FollowKind};
use crate::rules::renewals;

/// 收件页上给窗口看的：为哪一件、原证是哪张、申请人应当是谁（脱敏，读证件核对）。
pub(super) struct Carried {
    pub kind: FollowKind,
    pub earlier_no: String,
    pub holder: String,
    pub licence: String,
    /// 延续的，何时届满、还来不来得及。
    pub told: String,
}

impl Carried {
    fn of(prepared: &Prepared, today: jiff::civil::Date) -> Self {
        let (link, who) = (&prepared.following.link, &prepared.before.applicant);
        let number = if who.is_legal { who.id_number.clone() } else { mask::id_number(&who.id_number) };
        Self {
            kind: link.kind,
            earlier_no: link.earlier_no.clone(),
            holder: format!("{}（{number}）", who.shown()),
            licence: if link.licence.is_empty() { "没有电子证照".to_owned() } else { format!("{} {}", link.licence_name, link.licence) },
            told: prepared.following.until.map(|until| renewals::told(today, until)).unwrap_or_default(),
        }
    }
}

/// 照原办件填好的收件表；姓名、证件号不带，由窗口读证件录入，与原件核对。
fn filled(prepared: &Prepared) -> Fields {
    let (offer, before) = (&prepared.offer, &prepared.before);
    let mut fields = vec![
        ("who".to_owned(), if before.applicant.is_legal { "legal" } else { "person" }.to_owned()),
        ("delivery".to_owned(), prepared.earlier.delivery.as_str().to_owned()),
    ];
    for situation in &offer.situations {
        let chosen = situation.options.iter().find(|option| before.situations.contains(&option.key));
        fields.extend(chosen.map(|option| (format!("s_{}", situation.key), option.key.clone())));
    }
    // 办件页上打星的这里也不带：号码类的栏，从申请人带出的栏
    let numbers = [FieldKind::Id, FieldKind::Mobile, FieldKind::Phone];
    let asked = offer.fields.iter().filter(|field| field.prefilled(&before.applicant).is_none() && !numbers.contains(&field.kind));
    fields.extend(asked.filter_map(|field| before.form.get(&field.key).map(|value| (field.key.clone(), value.clone()))));
    Fields(fields)
}

/// 找不到、看不到的一样说成编号不对，在原处改。
fn unseen(error: Error) -> Result<Problem, Failure> {
    match error {
        Error::Refused(problem) if problem.code == Code::NotFound => {
            Ok(Problem::field("earlier", "not-found", "没有查到这个编号的办件或证照，请对照回执或证照核对"))
        }
        other => mendable(other),
    }
}

/// 填了原办件：先选申请哪一种；选好了，打开照原件填好的收件表。
pub(super) async fn start(app: &App, ctx: &Ctx, earlier: &str, kind: &str) -> Result<Response, Failure> {
    let (actor, at, text) = (ctx.actor.clone(), app.now(), earlier.to_owned());
    let found = app
        .db()
        .snapshot("cases.follow_earlier", move |tx| {
            let no = commands::earlier_no(tx, &text)?;
            let (item, all) = choices(tx, &actor, &no, at)?;
            Ok((no, item, all))
        })
        .await;
    let (no, item, all) = match found {
        Ok(found) => found,
        Err(error) => {
            let problem = unseen(error)?;
            return render_status(problem.code.status(), &PickPage::blank(ctx, earlier, Some(&problem)));
        }
    };
    let Some(kind) = FollowKind::parse(kind).filter(|kind| all.iter().any(|choice| choice.open && choice.kind == *kind)) else {
        return FollowPage::of(Layout::staff(ctx, "变更、延续、补证"), true, (no, item, all), "", None).framed(200);
    };
    let (actor, wanted) = (ctx.actor.clone(), Follow { kind, earlier_no: no });
    let prepared = app.db().snapshot("cases.follow_prepare", move |tx| commands::prepare(tx, &actor, &wanted, at)).await?;
    let (fields, carried) = (filled(&prepared), Carried::of(&prepared, time::date_of(at)));
    Ok(render(&form_page(ctx, prepared.offer, &fields, Some(carried), None))?.into_response())
}

/// 收件没收成，重画时再带一遍；原办件已经不能接的不带，错在上面说。
pub(super) async fn carried(app: &App, ctx: &Ctx, follow: Option<Follow>) -> Result<Option<Carried>, Failure> {
    let Some(wanted) = follow else { return Ok(None) };
    let (actor, at) = (ctx.actor.clone(), app.now());
    match app.db().snapshot("cases.follow_prepare", move |tx| commands::prepare(tx, &actor, &wanted, at)).await {
        Ok(prepared) => Ok(Some(Carried::of(&prepared, time::date_of(at)))),
        Err(Error::Refused(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
