//! 演示数据：建本地制章者，多数单位的章走完申请到启用、少数停在半路；几类证照、几百张证照送去用印。全部经命令。

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tongban_directory::queries as directory;
use tongban_kernel::time::date_of;
use tongban_kernel::{Actor, Scope};
use tongban_store::{Result, Tx};
use tongban_web::Demo;

use crate::commands::{self, Authorize, Enter, NewKind, ProvinceRow, SealStep};
use crate::maker;
use crate::model::seal::LEGAL_NAME;
use crate::model::{FieldSpec, HolderKind, LicenceAction, SealAction, SealState, Spec, Validity};
use crate::store::{SealRow, kinds, licences, seals};

/// 演示用的证照类型：名称、发给谁、几年、字段、别名。代码由演示机构的信用代码编出，不是国家目录里的码。
type DemoKind = (&'static str, HolderKind, u8, &'static [(&'static str, &'static str)], &'static [&'static str]);
const KINDS: &[DemoKind] = &[
    ("食品经营许可证", HolderKind::Legal, 5, &[("JYCS", "经营场所"), ("ZTYT", "主体业态"), ("JYXM", "经营项目")], &["食品许可证"]),
    ("公共场所卫生许可证", HolderKind::Legal, 4, &[("JYCS", "地址"), ("XKXM", "许可项目")], &["卫生许可证"]),
    ("残疾人证", HolderKind::Person, 10, &[("CJLB", "残疾类别"), ("CJDJ", "残疾等级")], &[]),
    ("营业执照", HolderKind::Legal, 0, &[("ZS", "住所"), ("JYFW", "经营范围")], &["企业执照", "工商执照"]),
    ("居民身份证", HolderKind::Person, 20, &[("ZZ", "住址")], &["身份证", "身份证明"]),
];

/// 机用授权盖的办件文书。
const PAPERS: &[&str] = &[
    "收件凭证", "补正告知书", "受理通知书", "不予受理决定书", "特别程序告知书", "延期告知书", "听证告知书", "准予决定书", "不予决定书", "送达回证", "撤回确认书", "退件通知书", "终止通知书",
    "撤销决定书", "更正通知书",
];

/// 造印章、证照。
///
/// # Errors
/// 引擎故障，或没有中文字体。
pub fn demo(demo: &mut Demo<'_>) -> Result<()> {
    let (db, now) = (demo.db.clone(), demo.now);
    demo.runtime.block_on(maker::found(&db, "通办演示", now))?;
    let tenant = demo.runtime.block_on(db.write("credentials.demo_sync", move |tx| {
        let tenant = directory::tenants(tx)?.first().map_or(0, |org| org.id);
        commands::sync(tx, &who(tenant), tenant, now)?;
        Ok(tenant)
    }))?;
    let rows = demo.runtime.block_on(db.snapshot("credentials.demo_seals", move |tx| seals::some(tx, 500)))?;
    let total = u64::try_from(rows.len()).unwrap_or(1);
    for (n, (id, _)) in (0_u64..).zip(rows) {
        raise(demo, id, n)?;
        (demo.progress)(n, total, "印章");
    }
    demo.runtime.block_on(db.write("credentials.demo_kinds", move |tx| types(tx, tenant, now)))?;
    licences_for_all(demo, tenant)
}

/// 造数据的人：系统身份，范围是整个演示县区。
fn who(tenant: i64) -> Actor {
    Actor { tenant, scope: Scope::tenant(tenant), ..Actor::system() }
}

/// 一枚章走到哪里：第十一家起每隔几家停在半路，让台账有话可说。
fn goal(n: u64) -> SealState {
    match n % 12 {
        7 => SealState::Missing,
        8 => SealState::Submitted,
        9 => SealState::Approved,
        10 => SealState::Made,
        _ => SealState::Active,
    }
}

fn raise(demo: &mut Demo<'_>, id: i64, n: u64) -> Result<()> {
    let (db, now, goal) = (demo.db.clone(), demo.now, goal(n));
    let reached = demo.runtime.block_on(db.write("credentials.demo_raise", move |tx| walk(tx, id, goal, now)))?;
    if reached != SealState::Making {
        return Ok(());
    }
    let made = demo.runtime.block_on(maker::make(&db, id, now))?;
    demo.runtime.block_on(db.write("credentials.demo_made", move |tx| {
        let actor = who(seals::find(tx, id)?.map_or(0, |row| row.place.tenant));
        commands::finish(tx, &actor, id, &made, now)?;
        if goal == SealState::Active {
            let version = seals::find(tx, id)?.map_or(0, |row| row.version);
            let scope = KINDS.iter().map(|kind| kind.0).chain(PAPERS.iter().copied()).collect::<Vec<_>>().join("，");
            let grant = Authorize { version, staff: 0, staff_name: "系统（办结即出证）".into(), scope, ..Authorize::default() };
            commands::authorize(tx, &actor, id, &grant, now)?;
            commands::step(tx, &actor, id, &SealStep { action: Some(SealAction::Activate), version: version + 1, ..SealStep::default() }, now)?;
        }
        Ok(())
    }))
}

/// 在一个单元里一步步走到要制作为止；已经走过的不再走（演示可以断了接着造）。
fn walk(tx: &mut Tx<'_>, id: i64, goal: SealState, now: Timestamp) -> Result<SealState> {
    let load = |tx: &mut Tx<'_>| -> Result<SealRow> { Ok(seals::find(tx, id)?.ok_or_else(tongban_kernel::Problem::not_found)?) };
    let row = load(tx)?;
    if row.state != SealState::Missing || goal == SealState::Missing || row.uscc.is_empty() || row.kind != LEGAL_NAME {
        return Ok(row.state);
    }
    for action in [SealAction::Draft, SealAction::Submit, SealAction::Approve, SealAction::Make] {
        let row = load(tx)?;
        if row.state >= goal && goal < SealState::Making {
            return Ok(row.state);
        }
        let input = SealStep { action: Some(action), version: row.version, scope: "本单位文书与证照".into(), keeper: "办公室主任".into(), ..SealStep::default() };
        commands::step(tx, &who(row.place.tenant), id, &input, now)?;
    }
    Ok(load(tx)?.state)
}

fn types(tx: &mut Tx<'_>, tenant: i64, now: Timestamp) -> Result<()> {
    let units = directory::units(tx, tenant)?;
    let Some(home) = units.iter().find(|org| !org.code.is_empty()) else { return Ok(()) };
    for (n, (name, holder, years, fields, aliases)) in KINDS.iter().enumerate() {
        if kinds::named(tx, tenant, name)?.is_some() {
            continue;
        }
        let spec = Spec {
            holder: *holder,
            validity: if *years == 0 { Validity::Forever } else { Validity::Years(*years) },
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            fields: fields.iter().map(|(key, label)| FieldSpec { key: (*key).into(), label: (*label).into(), required: false }).collect(),
            ..Spec::default()
        };
        commands::create_kind(tx, &who(tenant), NewKind { org: home.id, code: format!("{}{:03}", home.code, n + 1), name: (*name).into(), spec }, now)?;
    }
    Ok(())
}

/// 每个启用了章的单位各录几张，两位演示群众名下各有几张；系统身份录入、复核，任务随后用印。
fn licences_for_all(demo: &mut Demo<'_>, tenant: i64) -> Result<()> {
    let (db, now) = (demo.db.clone(), demo.now);
    let done = demo.runtime.block_on(db.snapshot("credentials.demo_done", |tx| Ok(!licences::some(tx, 1)?.is_empty())))?;
    if done {
        return Ok(());
    }
    let (all, units) = demo.runtime.block_on(db.snapshot("credentials.demo_units", move |tx| {
        let mut units = Vec::new();
        for (id, _) in seals::some(tx, 500)? {
            units.extend(seals::find(tx, id)?.filter(|row| row.state == SealState::Active && row.legal_org == Some(row.place.unit)));
        }
        Ok((kinds::all(tx, tenant)?, units))
    }))?;
    let issuers: Vec<i64> = units.iter().map(|row| row.place.unit).take(20).collect();
    for (n, org) in issuers.iter().copied().enumerate() {
        let (all, db) = (all.clone(), db.clone());
        demo.runtime.block_on(db.bulk("credentials.demo_licences", move |tx| {
            for k in 0..12 {
                let kind = &all[(n + k) % all.len().max(1)];
                let input = sample(kind.id, kind.spec.holder, org, n * 12 + k, now);
                issue(tx, &input, now)?;
            }
            Ok(())
        }))?;
        (demo.progress)(u64::try_from(n).unwrap_or(0), u64::try_from(issuers.len()).unwrap_or(1), "证照");
    }
    if issuers.is_empty() {
        return Ok(());
    }
    let names: Vec<(i64, String)> = units.iter().map(|row| (row.place.unit, row.org_name.clone())).collect();
    demo.runtime.block_on(db.bulk("credentials.demo_wallets", move |tx| {
        for (mobile, name, code) in [("13900000001", "王小明", "510811199003070017"), ("13900000002", "李大娘", "510811198512120022")] {
            let Some(account) = tongban_parties::queries::account_for_login(tx, mobile)? else { continue };
            for kind in all.iter().filter(|kind| kind.spec.holder != HolderKind::Legal) {
                let Some(org) = issuer(&kind.name, &names) else { continue };
                let input = Enter { holder_name: name.into(), holder_code: code.into(), ..sample(kind.id, HolderKind::Person, org, 900, now) };
                issue(tx, &input, now)?;
            }
            commands::claim(tx, &Actor::citizen(account.id, account.person, 3, name), now)?;
        }
        quotas_and_province(tx, tenant, (&issuers, &all), now)
    }))
}

/// 群众手里的这种证由谁发：残联、公安各发各的，其余由行政审批局；章还没启用的，由头一个有章的单位。
fn issuer(kind: &str, units: &[(i64, String)]) -> Option<i64> {
    let keyword = if kind.contains("残疾") {
        "残联"
    } else if kind.contains("身份证") {
        "公安"
    } else {
        "行政审批"
    };
    units.iter().find(|(_, name)| name.contains(keyword)).or_else(|| units.first()).map(|(id, _)| *id)
}

/// 录一张并送去用印。
fn issue(tx: &mut Tx<'_>, input: &Enter, now: Timestamp) -> Result<()> {
    let actor = who(directory::org(tx, input.org)?.map_or(0, |org| org.tenant));
    let identifier = commands::enter(tx, &actor, input, now)?;
    let Some(row) = licences::by_identifier(tx, &identifier)? else { return Ok(()) };
    commands::act(tx, &actor, row.id, LicenceAction::Review, row.version, "", now)?;
    Ok(())
}

fn sample(kind: i64, holder: HolderKind, org: i64, n: usize, now: Timestamp) -> Enter {
    const STREETS: [&str; 6] = ["京昆路", "滨河路", "人民街", "葭萌路", "柏林沟街", "太公街"];
    let legal = holder != HolderKind::Person;
    let street = STREETS[n % STREETS.len()];
    let text = |key: &str, value: String| (key.to_owned(), value);
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    fields.extend([text("JYCS", format!("广元市昭化区元坝镇{street}{}号", n + 1)), text("ZTYT", "餐饮服务经营者".into()), text("JYXM", "热食类食品制售".into()), text("XKXM", "宾馆".into())]);
    fields.extend([text("CJLB", "肢体".into()), text("CJDJ", "三级".into()), text("ZS", format!("广元市昭化区{street}{}号", n + 1)), text("JYFW", "餐饮服务；食品销售".into()), text("ZZ", format!("广元市昭化区昭化镇{street}{}号", n + 1))]);
    let back = i64::try_from(n % 300).unwrap_or(0) + 1;
    Enter {
        org,
        kind,
        legal,
        holder_name: if legal { format!("昭化区{street}某某第{}餐饮店", n + 1) } else { format!("演示{}", ["甲", "乙", "丙", "丁"][n % 4]) },
        holder_code: if legal { uscc(n) } else { person_code(n) },
        issued: Some(date_of(now - SignedDuration::from_hours(24 * back))),
        fields,
        ..Enter::default()
    }
}

/// 校验位自洽的演示身份证号，与两位演示群众的不同。
fn person_code(n: usize) -> String {
    let body = format!("510811{}{:02}{:02}{:03}", 1950 + n % 40, n % 12 + 1, n % 28 + 1, n % 990);
    let today = tongban_kernel::time::date_of(Timestamp::now());
    let last = "0123456789X".chars().map(|c| format!("{body}{c}")).find(|code| tongban_kernel::codes::IdNumber::parse(code, today).is_ok());
    last.unwrap_or(body)
}

/// 校验位自洽的演示信用代码（GB 32100 的 MOD 31）。
fn uscc(n: usize) -> String {
    const LETTERS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let body = format!("92510811MA6{:06}", 100_000 + n);
    let inner = |text: &str| (0..31).filter_map(|v| LETTERS.chars().nth(v)).map(|c| format!("{text}{c}")).find(|code| tongban_kernel::codes::Uscc::parse(code).is_ok());
    inner(&body).unwrap_or(body)
}

/// 应录数比录了的略多，录入率看得出差距；另有一份省里的印章统计表。
fn quotas_and_province(tx: &mut Tx<'_>, tenant: i64, (issuers, all): (&[i64], &[crate::store::Kind]), now: Timestamp) -> Result<()> {
    let units = directory::units(tx, tenant)?;
    let each = i64::try_from(12_usize.div_ceil(all.len().max(1))).unwrap_or(1);
    for (n, org) in issuers.iter().enumerate() {
        for kind in all {
            commands::set_quota(tx, &who(tenant), *org, kind.id, each + i64::from(n % 3 == 0), now)?;
        }
    }
    let row = |(n, org): (usize, &tongban_directory::model::Org)| ProvinceRow { row: i64::try_from(n).unwrap_or(0) + 2, name: org.name.clone(), made: n % 5 != 3, note: String::new() };
    let rows: Vec<ProvinceRow> = units.iter().take(30).enumerate().map(row).collect();
    if !rows.is_empty() {
        commands::import_province(tx, &who(tenant), &rows, now)?;
    }
    Ok(())
}
