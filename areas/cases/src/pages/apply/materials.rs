//! 交材料：逐份上传、承诺、容缺后补；每份单独提交，一份出错不影响别的。

use askama::Template;
use axum::extract::{Multipart, Path, State};
use axum::response::{IntoResponse, Response};
use tongban_credentials::queries::{self as credentials, Usable};
use tongban_kernel::Problem;
use tongban_kernel::problem::Code;
use tongban_kernel::time::{date_of, day_number};
use tongban_store::files;
use tongban_web::components::ErrorSummary;
use tongban_web::upload::UploadForm;
use tongban_web::{App, Ctx, Failure, Html, Layout, render, render_status, see_other};

use super::super::show;
use super::{offer_for, opened, save};
use crate::commands::{self, DraftEdit};
use crate::model::{FileRef, MaterialStatus, Offer, OfferMaterial};
use crate::store::{Draft, DraftBody};

/// 交材料页上的一份。
pub struct MaterialBlock {
    pub key: String,
    pub name: String,
    pub hint: String,
    pub status: MaterialStatus,
    pub tag: tongban_web::components::StatusTag,
    pub files: Vec<(FileRef, String)>,
    pub deferrable: bool,
    pub promisable: bool,
    pub optional: bool,
    pub error: Option<String>,
    /// 以前交过的同一种材料：文件标识、文件名、哪一件交的。
    pub earlier: Vec<(String, String, String)>,
    /// 已选的证照标识；没选为空。
    pub licence: String,
    /// 名下顶得上这一份的电子证照。
    pub usable: Vec<Usable>,
}

impl MaterialBlock {
    /// 已选的那张；此刻不能用了的没有。
    fn used(&self) -> Option<&Usable> {
        self.usable.iter().find(|usable| usable.identifier == self.licence)
    }
}

impl MaterialBlock {
    pub(super) fn of(material: &OfferMaterial, offer: &Offer, body: &DraftBody, problem: Option<&Problem>) -> Self {
        let kept = body.materials.get(&material.key);
        let default = if material.by_licence { MaterialStatus::Licence } else { MaterialStatus::Missing };
        let status = kept.map_or(default, |m| m.status);
        let files = kept.map(|m| m.files.iter().map(|f| (f.clone(), show::size(f.size))).collect()).unwrap_or_default();
        let field = format!("m_{}", material.key);
        let error = problem.and_then(|p| p.errors.iter().find(|e| e.field() == field)).map(|e| e.detail.clone());
        Self {
            key: material.key.clone(),
            name: material.name.clone(),
            hint: material.hint.clone().unwrap_or_default(),
            tag: tongban_web::components::StatusTag { text: status.label().to_owned(), tone: tone_of(status) },
            status,
            files,
            deferrable: material.deferrable(),
            promisable: material.by_promise || offer.commitment,
            optional: !material.required(),
            error,
            earlier: Vec::new(),
            licence: kept.filter(|m| m.status == MaterialStatus::Licence).map(|m| m.licence.clone()).unwrap_or_default(),
            usable: Vec::new(),
        }
    }
}

const fn tone_of(status: MaterialStatus) -> &'static str {
    match status {
        MaterialStatus::Licence | MaterialStatus::Passed | MaterialStatus::Paper => "g",
        MaterialStatus::Uploaded => "b",
        MaterialStatus::Promised | MaterialStatus::Deferred => "y",
        MaterialStatus::Rejected => "r",
        MaterialStatus::Missing => "",
    }
}

#[derive(Template)]
#[template(path = "apply_materials.html")]
struct MaterialsPage {
    l: Layout,
    offer: Offer,
    token: String,
    blocks: Vec<MaterialBlock>,
    left: usize,
    errors: ErrorSummary,
    limit_mb: usize,
}

/// 用谁以前交过的文件、谁的电子证照：代办的人看不到家人以前交过什么，也不替家人同意查看证照，只能自己传。
fn owner_of(draft: &Draft) -> (i64, i64) {
    if draft.body.grant == 0 { (draft.person, draft.legal_entity) } else { (0, 0) }
}

async fn materials_page(app: &App, ctx: &Ctx, draft: &Draft, offer: Offer, problem: Option<&Problem>) -> Result<MaterialsPage, Failure> {
    let (person, legal) = owner_of(draft);
    let mut blocks: Vec<_> =
        offer.materials_for(&draft.body.situations).map(|m| MaterialBlock::of(m, &offer, &draft.body, problem)).collect();
    let (names, today): (Vec<String>, _) = (blocks.iter().map(|b| b.name.clone()).collect(), day_number(date_of(app.now())));
    let (known, usable) = app
        .db()
        .snapshot("cases.earlier", move |tx| Ok((crate::queries::earlier(tx, person, legal)?, credentials::usable_for_all(tx, person, legal, &names, today)?)))
        .await?;
    for (block, usable) in blocks.iter_mut().zip(usable) {
        block.usable = usable;
        let same = known.iter().filter(|(name, file, _)| *name == block.name && block.files.iter().all(|(kept, _)| kept.id != file.id));
        block.earlier = same.take(3).map(|(_, file, no)| (file.id.clone(), file.name.clone(), no.clone())).collect();
    }
    let left = blocks.iter().filter(|b| b.status == MaterialStatus::Missing && !b.optional).count();
    let l = Layout::public(ctx, "提交材料");
    Ok(MaterialsPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        errors: ErrorSummary::of(problem),
        token: draft.token.clone(),
        limit_mb: app.config().upload_limit / 1024 / 1024,
        blocks,
        left,
        offer,
    })
}

pub async fn materials(State(app): State<App>, ctx: Ctx, Path(token): Path<String>) -> Result<Html, Failure> {
    let (draft, offer) = opened(&app, &ctx, token).await?;
    render(&materials_page(&app, &ctx, &draft, offer, None).await?)
}

/// 一份材料：上传文件、删文件、改选承诺或容缺。
pub async fn material(State(app): State<App>, ctx: Ctx, Path((token, key)): Path<(String, String)>, parts: Multipart) -> Result<Response, Failure> {
    let (draft, offer) = opened(&app, &ctx, token).await?;
    if offer.material(&key).is_none() {
        return Err(Problem::not_found().into());
    }
    match store_material(&app, &ctx, &draft, &key, parts).await {
        Ok(()) => Ok(see_other(format!("/a/{}/materials#m_{key}", draft.token)).into_response()),
        Err(Failure(mut problem)) if matches!(problem.code, Code::ValidationFailed | Code::PayloadTooLarge | Code::UnsupportedMediaType) => {
            let detail = problem.errors.first().map_or_else(|| problem.detail.clone(), |e| e.detail.clone());
            problem.errors = vec![tongban_kernel::FieldError::new(&format!("m_{key}"), "file", detail)];
            let (draft, offer) = opened(&app, &ctx, draft.token).await?;
            render_status(problem.code.status(), &materials_page(&app, &ctx, &draft, offer, Some(&problem)).await?)
        }
        Err(failure) => Err(failure),
    }
}

async fn store_material(app: &App, ctx: &Ctx, draft: &Draft, key: &str, parts: Multipart) -> Result<(), Failure> {
    let form = UploadForm::receive(parts, app.config().upload_limit).await?;
    let removed = form.get("remove").to_owned();
    if !removed.is_empty() {
        let edit = DraftEdit { remove_file: Some((key.to_owned(), removed)), ..DraftEdit::default() };
        save(app, ctx, draft.token.clone(), edit).await?;
        return Ok(());
    }
    if let Some(status) = MaterialStatus::parse(form.get("status"))
        && matches!(status, MaterialStatus::Deferred | MaterialStatus::Promised | MaterialStatus::Missing)
    {
        let edit = DraftEdit { statuses: vec![(key.to_owned(), status)], ..DraftEdit::default() };
        save(app, ctx, draft.token.clone(), edit).await?;
        return Ok(());
    }
    let identifier = form.get("licence").to_owned();
    if !identifier.is_empty() {
        return choose_licence(app, ctx, draft, key, identifier, !form.get("consent").is_empty()).await;
    }
    let earlier = form.get("earlier").to_owned();
    if !earlier.is_empty() {
        let (actor, at, token, material) = (ctx.actor.clone(), app.now(), draft.token.clone(), key.to_owned());
        app.db()
            .write("cases.draft_reuse", move |tx| {
                let draft = commands::open_draft(tx, &actor, &token)?;
                let offer = offer_for(tx, &draft)?;
                let owner = owner_of(&draft);
                let known = crate::queries::earlier(tx, owner.0, owner.1)?;
                let (_, file, _) = known.into_iter().find(|(_, file, _)| file.id == earlier).ok_or_else(Problem::not_found)?;
                commands::attach(tx, &actor, &offer, &token, &material, &file, at)
            })
            .await?;
        return Ok(());
    }
    if form.files.is_empty() {
        return Err(Problem::field(key, "required", "请先选择要上传的文件").into());
    }
    for (_, upload) in form.files {
        let file = keep_upload(app, upload).await?;
        let (actor, at, token, material) = (ctx.actor.clone(), app.now(), draft.token.clone(), key.to_owned());
        app.db()
            .write("cases.draft_attach", move |tx| {
                files::record(tx, &file.0, at)?;
                let draft = commands::open_draft(tx, &actor, &token)?;
                let offer = offer_for(tx, &draft)?;
                commands::attach(tx, &actor, &offer, &token, &material, &file.1, at)
            })
            .await?;
    }
    Ok(())
}

/// 用自己的电子证照代替上传；要本人勾选同意。
async fn choose_licence(app: &App, ctx: &Ctx, draft: &Draft, key: &str, identifier: String, consent: bool) -> Result<(), Failure> {
    if !consent {
        return Err(Problem::field(key, "consent", "请先勾选“同意”，再用电子证照代替上传").into());
    }
    let (actor, at, token, material) = (ctx.actor.clone(), app.now(), draft.token.clone(), key.to_owned());
    app.db()
        .write("cases.draft_licence", move |tx| {
            let draft = commands::open_draft(tx, &actor, &token)?;
            let offer = offer_for(tx, &draft)?;
            commands::use_licence(tx, &actor, &offer, &token, &material, &identifier, at)
        })
        .await?;
    Ok(())
}

/// 把收到的文件存进文件库。
pub async fn keep_upload(app: &App, upload: tongban_web::upload::Upload) -> Result<(files::Stored, FileRef), Failure> {
    let stored = app.files().put(upload.content, upload.media).await?;
    let size = u64::try_from(stored.size).unwrap_or(0);
    let file = FileRef { id: stored.digest.clone(), name: upload.name, size, media_type: upload.media.to_owned() };
    Ok((stored, file))
}
