//! 页面与接口要的读：每个都看范围；列表按键翻页。

use jiff::Timestamp;
use tongban_credentials::queries::UsedFor;
use tongban_kernel::lights::Light;
use tongban_kernel::{Actor, Problem};
use tongban_parties::queries::grants::{self, GrantScope};
use tongban_store::{Result, Tx};

use crate::commands;
use crate::model::{Agency, Case, FileRef, FollowUp, Later, Material, MaterialStatus, Offer, State};
use crate::store::agencies;
use crate::store::bundles::{self, Bundle};
use crate::store::deliveries::Signed;
use crate::store::opinions::Opinion;
use crate::store::proposals::Proposal;
use crate::store::seals::Sealed;
use crate::store::{self, AnomalyRow, Correction, Counts, Details, Document, Filter, ListRow, StepRow};

/// 一件办件的全部内容。
#[derive(Debug, Clone)]
pub struct CaseView {
    pub case: Case,
    pub details: Details,
    pub materials: Vec<Material>,
    pub steps: Vec<StepRow>,
    pub documents: Vec<Document>,
    pub corrections: Vec<Correction>,
    pub anomalies: Vec<AnomalyRow>,
    /// 同一申请人在本人范围内的其他办件。
    pub others: Vec<ListRow>,
    /// 同一件一件事里的其他子件。
    pub siblings: Vec<ListRow>,
    pub offer: Option<Offer>,
    /// 征求过的意见；申请人看不到。
    pub opinions: Vec<Opinion>,
    /// 电子卷宗做好了。
    pub archived: bool,
    /// 要两个人的事的申请；申请人看不到。
    pub proposals: Vec<Proposal>,
    /// 用来免提交的电子证照。
    pub used: Vec<UsedFor>,
    /// 家人代办的：谁、凭哪份授权。
    pub agency: Option<Agency>,
    /// 看的人是凭授权代办的家人；能不能办（不只是看）。
    pub acting: Option<bool>,
    /// 变更、延续、补证的原办件。
    pub follow: Option<FollowUp>,
    /// 这一件后来又申请了什么。
    pub later: Vec<Later>,
    /// 当场签下、等证照成文的送达回证。
    pub signed: Option<Signed>,
    /// 准予了、没有做成电子证照、要发纸质的：证照叫什么。
    pub paper: Option<String>,
    /// 文书的电子签章版。
    pub seals: Vec<Sealed>,
}

/// 办件详情：范围内的工作人员或申请人。
///
/// # Errors
/// 看不到与不存在一样。
pub fn view(tx: &mut Tx<'_>, actor: &Actor, no: &str, at: Timestamp) -> Result<CaseView> {
    let case = seen(tx, actor, no, at)?;
    let others = if actor.staff == 0 { Vec::new() } else { store::by_identity(tx, case.id, 20)? };
    let materials = store::materials(tx, case.id)?;
    // 没有一份是没文件又算交了的，就不必问证照区
    let waived = materials.iter().any(|m| m.files.is_empty() && matches!(m.status, MaterialStatus::Licence | MaterialStatus::Passed | MaterialStatus::Rejected));
    Ok(CaseView {
        details: store::details(tx, case.id)?.ok_or_else(Problem::not_found)?,
        used: if waived { tongban_credentials::queries::shown_for_case(tx, no)? } else { Vec::new() },
        materials,
        steps: store::steps(tx, case.id)?,
        documents: store::documents(tx, case.id)?,
        corrections: store::corrections(tx, case.id)?,
        anomalies: if actor.staff == 0 { Vec::new() } else { store::anomalies_of(tx, case.id)? },
        others: others.into_iter().filter(|row| actor.scope.covers(&row.place)).collect(),
        siblings: siblings(tx, &case)?,
        offer: store::offer(tx, case.item_id, case.item_version)?,
        archived: store::archives::digest(tx, case.id)?.is_some(),
        opinions: if actor.staff == 0 && !actor.is_internal() { Vec::new() } else { store::opinions::of_case(tx, case.id)? },
        proposals: if actor.staff == 0 { Vec::new() } else { store::proposals::of_case(tx, case.id)? },
        agency: agencies::of_case(tx, case.id)?,
        acting: acting(tx, actor, &case, at)?,
        follow: store::follow_ups::of_case(tx, case.id)?,
        signed: if case.state == State::Decided { store::deliveries::of_case(tx, case.id)? } else { None },
        paper: commands::on_paper(tx, &case)?,
        seals: store::seals::of_case(tx, case.id)?,
        later: if commands::may_follow(&case) { store::follow_ups::later(tx, case.id)? } else { Vec::new() },
        case,
    })
}

/// 凭授权代办的人：能不能办。不是代办的为 `None`。
fn acting(tx: &mut Tx<'_>, actor: &Actor, case: &Case, at: Timestamp) -> Result<Option<bool>> {
    if commands::owns(actor, case) || !commands::represents(tx, actor, case, GrantScope::Track, at)? {
        return Ok(None);
    }
    Ok(Some(commands::represents(tx, actor, case, GrantScope::Apply, at)?))
}

fn siblings(tx: &mut Tx<'_>, case: &Case) -> Result<Vec<ListRow>> {
    if case.bundle == 0 {
        return Ok(Vec::new());
    }
    Ok(store::of_bundle(tx, case.bundle)?.into_iter().filter(|row| row.id != case.id).collect())
}

/// 一张办件列表，与其中的一个位置。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    pub tab: String,
    pub filter: Filter,
    /// 关键词；空的按页签列。
    pub words: String,
    /// 打开时排在哪里；没有的按这一件现在的位置。
    pub at: Option<i64>,
}

/// 同一张列表里的下一件：编号与位置。
///
/// 从打开时的位置数：办过之后时限变了、换了页签，中间的几件也不会跳过去。
///
/// # Errors
/// 引擎拒绝。
pub fn next_in(tx: &mut Tx<'_>, actor: &Actor, case: &Case, list: &Listed) -> Result<Option<(String, i64)>> {
    let place = |row: ListRow| (row.no, row.sort_due);
    if !list.words.is_empty() {
        let found = find(tx, actor, &list.words)?;
        return Ok(found.into_iter().skip_while(|row| row.id != case.id).nth(1).map(place));
    }
    let at = list.at.unwrap_or_else(|| store::sort_due(case));
    let after = worklist(tx, actor, &list.tab, &list.filter, Some((at, case.id)), 1)?;
    // 时限推后了的，自己会在后面再出现一次
    Ok(after.into_iter().find(|row| row.id != case.id).map(place))
}

/// 一件办件的主行。
///
/// # Errors
/// 看不到与不存在一样。
pub fn seen(tx: &mut Tx<'_>, actor: &Actor, no: &str, at: Timestamp) -> Result<Case> {
    let case = store::find_by_no(tx, no)?.ok_or_else(Problem::not_found)?;
    commands::see(tx, actor, &case, at)?;
    Ok(case)
}

/// 工作台的页签：代号与名称。
pub const TABS: &[(&str, &str)] = &[
    ("all", "全部"),
    ("mine", "我办的"),
    ("pending", "待受理"),
    ("correcting", "待补正"),
    ("review", "审查中"),
    ("decision", "待决定"),
    ("delivery", "待送达"),
    ("yellow", "将到期"),
    ("red", "已超期"),
    ("done", "已办结"),
];

/// 一页待办。多取一条，看还有没有下一页。
///
/// # Errors
/// 引擎拒绝。
pub fn worklist(tx: &mut Tx<'_>, actor: &Actor, tab: &str, filter: &Filter, after: Option<(i64, i64)>, limit: i64) -> Result<Vec<ListRow>> {
    let scope = &actor.scope;
    let from = after.unwrap_or((i64::MIN, 0));
    match tab {
        "pending" | "correcting" | "review" | "decision" | "delivery" => store::tab_list(tx, scope, tab, filter, from, limit + 1),
        "yellow" => store::lit_list(tx, scope, Light::Yellow, filter, from, limit + 1),
        "red" => store::lit_list(tx, scope, Light::Red, filter, from, limit + 1),
        "mine" => store::handling(tx, actor.staff, from, limit + 1),
        "done" => store::done_list(tx, scope, filter, after.unwrap_or((i64::MAX, i64::MAX)), limit + 1),
        _ => store::open_list(tx, scope, filter, from, limit + 1),
    }
}

/// 各页签件数。
///
/// # Errors
/// 引擎拒绝。
pub fn counts(tx: &mut Tx<'_>, actor: &Actor) -> Result<Counts> {
    store::counts(tx, &actor.scope)
}

/// 同一申请人以前交过的文件：材料名、文件、在哪一件交的；同一文件只列一次。
///
/// # Errors
/// 引擎拒绝。
pub fn earlier(tx: &mut Tx<'_>, person: i64, legal_entity: i64) -> Result<Vec<(String, FileRef, String)>> {
    let mut found: Vec<(String, FileRef, String)> = Vec::new();
    // 窗口登记的件没有行键，不是谁的
    if person == 0 && legal_entity == 0 {
        return Ok(found);
    }
    for (name, files, no) in store::public::earlier_files(tx, person, legal_entity)? {
        let files: Vec<FileRef> = serde_json::from_str(&files)?;
        for file in files {
            if !found.iter().any(|(known, other, _)| other.id == file.id && *known == name) {
                found.push((name.clone(), file, no.clone()));
            }
        }
    }
    Ok(found)
}

/// 按姓名、单位全称或证件号精确找，只给范围内的。
///
/// # Errors
/// 引擎拒绝。
pub fn find(tx: &mut Tx<'_>, actor: &Actor, words: &str) -> Result<Vec<ListRow>> {
    let found = store::by_name(tx, words.trim(), i64::MAX, 100)?;
    Ok(found.into_iter().filter(|row| actor.scope.covers(&row.place)).collect())
}

/// 申请人自己的办件，最近的在前。
///
/// # Errors
/// 引擎拒绝。
pub fn mine(tx: &mut Tx<'_>, actor: &Actor, before: Option<i64>, limit: i64) -> Result<Vec<ListRow>> {
    store::mine(tx, actor.person, actor.legal_entity, before.unwrap_or(i64::MAX), limit + 1)
}

/// 替家人看着的办件：给每份有效授权列最近的几件；只限几个事项的只列那几个。
///
/// # Errors
/// 引擎拒绝。
pub fn entrusted(tx: &mut Tx<'_>, actor: &Actor, each: i64, at: Timestamp) -> Result<Vec<ListRow>> {
    if actor.legal_entity != 0 {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for (grant, person) in grants::principals(tx, actor.person, at)? {
        let rows = store::mine(tx, person.id, 0, i64::MAX, each)?;
        all.extend(rows.into_iter().filter(|row| grant.covers(&row.item_code)));
    }
    Ok(all)
}

/// 自己的与替家人看着的一件事，最近的在前。
///
/// # Errors
/// 引擎拒绝。
pub fn my_bundles(tx: &mut Tx<'_>, actor: &Actor, each: i64, at: Timestamp) -> Result<Vec<Bundle>> {
    let mut all = bundles::mine(tx, actor.person, actor.legal_entity, each)?;
    if actor.legal_entity == 0 {
        for (_, person) in grants::principals(tx, actor.person, at)? {
            for bundle in bundles::mine(tx, person.id, 0, each)? {
                let members = bundles::members(tx, bundle.id)?;
                if all.iter().all(|known| known.id != bundle.id) && commands::sees_bundle(tx, actor, &bundle, &members, at)? {
                    all.push(bundle);
                }
            }
        }
    }
    Ok(all)
}

/// 免登录查进度看到的：没有意见、没有个人信息。
#[derive(Debug, Clone)]
pub struct Tracked {
    pub case: Case,
    pub steps: Vec<StepRow>,
    pub correction: Option<Correction>,
}

/// 编号 + 查询码，或编号 + 手机后四位。编号不存在与码不对是同一个回答。
///
/// # Errors
/// 引擎拒绝。
pub fn track(tx: &mut Tx<'_>, no: &str, code: &str) -> Result<Option<Tracked>> {
    let Some(case) = store::find_by_no(tx, no)? else { return Ok(None) };
    let Some(details) = store::details(tx, case.id)? else { return Ok(None) };
    let given = crate::rules::documents::clean_access_code(code);
    let by_code = given == details.access_code;
    let tail = details.applicant.mobile.len().checked_sub(4).map(|from| &details.applicant.mobile[from..]);
    if !by_code && (given.len() != 4 || tail != Some(given.as_str())) {
        return Ok(None);
    }
    let steps = store::steps(tx, case.id)?;
    let correction = store::corrections(tx, case.id)?.pop().filter(|c| c.supplied_at.is_none());
    Ok(Some(Tracked { case, steps, correction }))
}
