//! 窗口核验实名：照身份证原件填姓名、号码，选怎么核的。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::mask;
use tongban_kernel::problem::{Code, Problem};
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, render, render_status, see_other};

use crate::commands::identity::{self, EVIDENCE, InPerson};

#[derive(Template)]
#[template(path = "verify_person.html")]
struct VerifyPage {
    l: Layout,
    fields: Vec<Field>,
    summary: ErrorSummary,
}

/// 核验的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct VerifyForm {
    name: String,
    id_number: String,
    evidence: String,
}

fn page(ctx: &Ctx, form: &VerifyForm, problem: Option<&Problem>) -> VerifyPage {
    let layout = Layout::staff(ctx, "核验实名");
    VerifyPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        fields: vec![
            Field::text("name", "姓名").width("w-m").hint("照身份证填").value(&form.name).errors_of(problem),
            Field::text("id_number", "身份证号").width("w-m").value(&form.id_number).errors_of(problem),
            Field::radios("evidence", "怎么核的", EVIDENCE.iter().copied()).value(&form.evidence).errors_of(problem),
        ],
        summary: ErrorSummary::of(problem),
    }
}

/// `GET /desk/identity`
pub async fn form(ctx: Ctx) -> Result<Html, Failure> {
    render(&page(&ctx, &VerifyForm::default(), None))
}

/// `POST /desk/identity`
pub async fn submit(State(app): State<App>, ctx: Ctx, Form(form): Form<VerifyForm>) -> Result<Response, Failure> {
    let input = InPerson { name: form.name.clone(), id_number: form.id_number.clone(), evidence: form.evidence.clone() };
    let (actor, at) = (ctx.actor.clone(), app.now());
    match app.act(&ctx, "parties.verify_in_person", move |tx| identity::verify_in_person(tx, &actor, &input, at)).await {
        Ok(()) => {
            let who = mask::name(form.name.trim());
            Ok(see_other("/desk/identity").flash(format!("{who} 已升到实名 3 级，半分钟内在他的手机上生效")).into_response())
        }
        Err(error) => {
            let problem = error.into_problem();
            if matches!(problem.code, Code::ValidationFailed | Code::Forbidden) {
                return render_status(problem.code.status(), &page(&ctx, &form, Some(&problem)));
            }
            Err(problem.into())
        }
    }
}
