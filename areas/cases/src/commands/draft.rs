//! 草稿：起草、分步保存、挂材料、删除。只有起草的账号能动。

use jiff::Timestamp;
use tongban_kernel::problem::Code;
use tongban_kernel::{Actor, Problem};
use tongban_store::{Result, Tx};

use super::licence;
use crate::model::{Applicant, Delivery, FileRef, MaterialStatus, Offer};
use crate::rules::forms::Form;
use crate::store::{self, Draft, DraftBody, DraftMaterial};

/// 一个账号同时留着的草稿上限。
const MAX_DRAFTS: i64 = 50;
/// 一份材料至多几个文件。
pub const MAX_FILES: usize = 10;

/// 起一份草稿。`token` 由调用者随机给出。
///
/// # Errors
/// 没有登录、事项现在不能办、对象不符、实名等级不够。
pub fn start(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, token: &str, applicant: &Applicant, at: Timestamp) -> Result<Draft> {
    may_apply(actor, offer)?;
    within_grant(tx, actor, offer, at)?;
    if i64::try_from(store::my_drafts(tx, actor.account, MAX_DRAFTS)?.len()).unwrap_or(0) >= MAX_DRAFTS {
        return Err(Problem::conflict("您已有 50 份没交的草稿，请先交上或删掉几份").into());
    }
    let draft = Draft {
        id: tx.new_id(),
        token: token.to_owned(),
        account: actor.account,
        person: actor.person,
        legal_entity: actor.legal_entity,
        item_code: offer.code.clone(),
        item_name: offer.name.clone(),
        item_id: offer.item_id,
        item_version: offer.version,
        body: DraftBody { applicant: applicant.clone(), ..DraftBody::default() },
        version: 1,
        updated: at,
        case_no: None,
    };
    store::add_draft(tx, &draft)?;
    Ok(draft)
}

/// 这个人能不能在网上申办这一项。
///
/// # Errors
/// 说清缺什么、怎么办。
pub fn may_apply(actor: &Actor, offer: &Offer) -> Result<(), Problem> {
    if actor.account == 0 {
        return Err(Problem::unauthenticated());
    }
    if !offer.open {
        let why = offer.closed_reason.as_deref().unwrap_or("这个事项现在不受理申请");
        return Err(Problem::conflict(why));
    }
    if !offer.online {
        return Err(Problem::conflict("这个事项还不能网上申办，请带材料到窗口办理"));
    }
    let legal = actor.legal_entity != 0;
    if legal && !offer.for_legal {
        return Err(Problem::conflict("这个事项只面向个人，请切换到个人身份再办"));
    }
    if !legal && !offer.for_person {
        return Err(Problem::conflict("这个事项只面向企业和单位，请先切换到法人身份"));
    }
    if actor.real_level < offer.min_real_level {
        return Err(Problem::new(
            Code::Forbidden,
            format!("办这一项要先完成实名认证（{} 级），您现在是 {} 级，请到“我的”里认证", offer.min_real_level, actor.real_level),
        ));
    }
    Ok(())
}

/// 代表单位办的，要在单位给的授权之内。
///
/// # Errors
/// 授权不包括这个事项、已解除、过期。
pub fn within_grant(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, at: Timestamp) -> Result<()> {
    for code in offer.codes() {
        if !super::within(tx, actor, code, at)? {
            return Err(Problem::conflict("单位给您的授权不包括这个事项，或者已经解除，请找单位的法定代表人或管理员").into());
        }
    }
    Ok(())
}

/// 读自己的草稿。
///
/// # Errors
/// 不是自己的与不存在一样。
pub fn open_draft(tx: &mut Tx<'_>, actor: &Actor, token: &str) -> Result<Draft> {
    let draft = store::of_token(tx, token)?.ok_or_else(Problem::not_found)?;
    owned(actor, draft)
}

fn owned(actor: &Actor, draft: Draft) -> Result<Draft> {
    if actor.account != 0 && draft.account == actor.account { Ok(draft) } else { Err(Problem::not_found().into()) }
}

fn lock(tx: &mut Tx<'_>, actor: &Actor, token: &str) -> Result<Draft> {
    let draft = store::lock_draft(tx, token)?.ok_or_else(Problem::not_found)?;
    let draft = owned(actor, draft)?;
    match &draft.case_no {
        None => Ok(draft),
        Some(no) => Err(Problem::conflict(format!("这份申请已经交上，办件编号 {no}")).into()),
    }
}

/// 改草稿的一部分；没给的不动。
#[derive(Debug, Clone, Default)]
pub struct DraftEdit {
    pub situations: Option<Vec<String>>,
    pub applicant: Option<Applicant>,
    /// 只覆盖给出的字段。
    pub form: Option<Form>,
    /// 材料短名 → 承诺、容缺或免提交。
    pub statuses: Vec<(String, MaterialStatus)>,
    pub delivery: Option<Delivery>,
    pub summary: Option<String>,
    /// 删掉某份材料的某个文件。
    pub remove_file: Option<(String, String)>,
}

/// 保存草稿；填错的也先存着，交的时候一次查。
///
/// # Errors
/// 不是自己的、已经交上。
pub fn edit(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, token: &str, edit: &DraftEdit, at: Timestamp) -> Result<Draft> {
    let mut draft = lock(tx, actor, token)?;
    let body = &mut draft.body;
    if let Some(situations) = &edit.situations {
        body.situations.clone_from(situations);
    }
    if let Some(applicant) = &edit.applicant {
        body.applicant = applicant.clone();
    }
    if let Some(form) = &edit.form {
        body.form.extend(form.iter().filter(|(key, _)| offer.fields.iter().any(|f| f.key == **key)).map(|(k, v)| (k.clone(), clip(v))));
    }
    if let Some(delivery) = edit.delivery {
        body.delivery = Some(delivery);
    }
    if let Some(summary) = &edit.summary {
        body.summary = clip(summary);
    }
    for (key, status) in edit.statuses.iter().filter(|(key, _)| offer.material(key).is_some()) {
        set_status(body, key, *status);
    }
    if let Some((key, file)) = &edit.remove_file
        && let Some(material) = body.materials.get_mut(key)
    {
        material.files.retain(|kept| kept.id != *file);
        if material.files.is_empty() && material.status == MaterialStatus::Uploaded {
            material.status = MaterialStatus::Missing;
        }
    }
    keep(tx, draft, offer, at)
}

fn clip(text: &str) -> String {
    text.chars().take(2_000).collect()
}

/// 已经传了文件的材料，改选承诺或容缺时文件留着，交时不算。
fn set_status(body: &mut DraftBody, key: &str, status: MaterialStatus) {
    let material = body.materials.entry(key.to_owned()).or_insert(DraftMaterial { status, files: Vec::new(), licence: String::new() });
    material.licence = String::new();
    material.status = match status {
        MaterialStatus::Missing if !material.files.is_empty() => MaterialStatus::Uploaded,
        MaterialStatus::Uploaded if material.files.is_empty() => MaterialStatus::Missing,
        status => status,
    };
}

fn keep(tx: &mut Tx<'_>, mut draft: Draft, offer: &Offer, at: Timestamp) -> Result<Draft> {
    // 事项改版后草稿跟到新版；受理时再固定
    (draft.item_id, draft.item_version) = (offer.item_id, offer.version);
    draft.item_name.clone_from(&offer.name);
    draft.version += 1;
    draft.updated = at;
    store::save_draft(tx, &draft)?;
    Ok(draft)
}

/// 给某份材料挂上已存好的文件。
///
/// # Errors
/// 没有这份材料，或文件太多。
pub fn attach(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, token: &str, key: &str, file: &FileRef, at: Timestamp) -> Result<Draft> {
    let mut draft = lock(tx, actor, token)?;
    if offer.material(key).is_none() {
        return Err(Problem::not_found().into());
    }
    let material =
        draft.body.materials.entry(key.to_owned()).or_insert(DraftMaterial { status: MaterialStatus::Uploaded, files: Vec::new(), licence: String::new() });
    if material.files.iter().all(|kept| kept.id != file.id) {
        if material.files.len() >= MAX_FILES {
            return Err(Problem::field(&format!("m_{key}"), "range", format!("一份材料最多传 {MAX_FILES} 个文件，请先删掉几个")).into());
        }
        material.files.push(file.clone());
    }
    (material.status, material.licence) = (MaterialStatus::Uploaded, String::new());
    keep(tx, draft, offer, at)
}

/// 申请人同意用自己的一张电子证照代替上传；交的时候再查一遍、记用证。
///
/// # Errors
/// 没有这份材料；证照不是他的、现在不是有效、顶不上这份材料。
pub fn use_licence(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, token: &str, key: &str, identifier: &str, at: Timestamp) -> Result<Draft> {
    let mut draft = lock(tx, actor, token)?;
    let material = offer.material(key).ok_or_else(Problem::not_found)?;
    licence::fits(tx, actor, &material.name, identifier, at)?;
    let chosen = DraftMaterial { status: MaterialStatus::Licence, files: Vec::new(), licence: identifier.to_owned() };
    let kept = draft.body.materials.entry(key.to_owned()).or_insert_with(|| chosen.clone());
    (kept.status, kept.licence) = (chosen.status, chosen.licence);
    keep(tx, draft, offer, at)
}

/// 删掉自己没交的草稿。
///
/// # Errors
/// 不是自己的、已经交上。
pub fn drop_draft(tx: &mut Tx<'_>, actor: &Actor, token: &str) -> Result<()> {
    let draft = lock(tx, actor, token)?;
    store::drop_draft(tx, draft.id)
}
