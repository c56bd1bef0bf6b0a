//! 规格 §11 的验收场景：1 乡镇章走完全程；5 百张并发签发、中途杀掉重来；6 亮证。2–4、7 在 `gm`、`ofd`。

use std::collections::BTreeSet;

use axum::http::StatusCode;
use jiff::SignedDuration;
use tongban_credentials::commands::{self, Authorize, Enter, SealStep};
use tongban_credentials::model::{Identifier, LicenceAction, LicenceState, SealAction, SealState};
use tongban_credentials::store::{grants, licences, seals};
use tongban_credentials::{issue, maker};
use tongban_gm::Conclusion;
use tongban_kernel::{Actor, Code, Scope};
use tongban_store::{args, journal};
use tongban_web::worker;

use crate::support::{Home, PASSCODE, citizen, homes, now, refused, set_passcode};

/// 走一步，版本现取。
async fn step(home: &Home, who: &Actor, seal: i64, action: SealAction, reason: &str) -> tongban_store::Result<SealState> {
    let (who, reason) = (who.clone(), reason.to_owned());
    home.app
        .app
        .db()
        .write("test.step", move |tx| {
            let version = seals::find(tx, seal)?.unwrap().version;
            let input = SealStep { action: Some(action), version, reason: reason.clone(), scope: "证照".into(), keeper: "张三".into() };
            commands::step(tx, &who, seal, &input, now())
        })
        .await
}

/// 录一张、由 `reviewer` 复核，等任务做完。
async fn reviewed_by(home: &Home, input: Enter, reviewer: i64) -> i64 {
    let (boss, other) = (home.boss(1), home.boss(reviewer));
    let work = move |tx: &mut tongban_store::Tx<'_>| {
        let identifier = commands::enter(tx, &boss, &input, now())?;
        let row = licences::by_identifier(tx, &identifier)?.unwrap();
        commands::act(tx, &other, row.id, LicenceAction::Review, row.version, "", now())?;
        Ok(row.id)
    };
    let id = home.app.app.db().write("test.reviewed", work).await.unwrap();
    home.app.app.settle().await.unwrap();
    id
}

#[tokio::test]
async fn one_the_town_seal_from_application_to_cancellation() {
    for home in homes().await {
        let (db, tenant, town) = (home.app.app.db(), home.tenant, home.town);
        maker::found(db, "测试", now()).await.unwrap();
        let seal = db
            .write("test.sync", move |tx| {
                commands::sync(tx, &Actor::system(), tenant, now())?;
                Ok(seals::of_org(tx, town)?.unwrap().id)
            })
            .await
            .unwrap();
        // 申请 → 退回 → 补 → 审
        let (applicant, reviewer) = (home.boss(1), home.boss(2));
        for (who, action, reason, reached) in [
            (&applicant, SealAction::Draft, "", SealState::Draft),
            (&applicant, SealAction::Submit, "", SealState::Submitted),
            (&reviewer, SealAction::Return, "授权书没有盖章", SealState::Returned),
            (&applicant, SealAction::Draft, "", SealState::Draft),
            (&applicant, SealAction::Submit, "", SealState::Submitted),
            (&reviewer, SealAction::Approve, "", SealState::Approved),
            (&reviewer, SealAction::Make, "", SealState::Making),
        ] {
            assert_eq!(step(&home, who, seal, action, reason).await.unwrap(), reached);
        }
        // 制 → 授权（只给 7 号）→ 启用
        let made = maker::make(db, seal, now()).await.unwrap();
        let boss = home.boss(1);
        db.write("test.made", move |tx| {
            commands::finish(tx, &boss, seal, &made, now())?;
            let version = seals::find(tx, seal)?.unwrap().version;
            let grant = Authorize { version, staff: 7, staff_name: "李四".into(), scope: "食品经营许可证".into(), ..Authorize::default() };
            commands::authorize(tx, &boss, seal, &grant, now()).map(drop)
        })
        .await
        .unwrap();
        assert_eq!(step(&home, &applicant, seal, SealAction::Activate, "").await.unwrap(), SealState::Active);
        // 未授权的人用印 403，且有日志
        let kind = home.kind("食品经营许可证").await;
        let input = Enter { org: town, ..home.input(kind) };
        let stranger = db.snapshot("test.stamp", move |tx| issue::stamp(tx, town, 8, "食品经营许可证", now()).map(drop)).await;
        assert_eq!(refused(stranger).code, Code::Forbidden);
        let refused_id = reviewed_by(&home, input.clone(), 8).await;
        assert_eq!(home.row(refused_id).await.state, LicenceState::ToSign);
        let logged = db.snapshot("test.log", move |tx| grants::uses(tx, &Scope::tenant(tenant), 0, i64::MAX, 10)).await.unwrap();
        assert_eq!(logged.iter().filter(|one| !one.done && one.reason.contains("授权")).count(), 1, "没盖成的也有日志");
        // 授权的人用得成
        let signed = home.row(reviewed_by(&home, input, 7).await).await;
        assert_eq!(signed.state, LicenceState::Valid);
        let uses = db.snapshot("test.uses", move |tx| grants::uses(tx, &Scope::unit(0), seal, i64::MAX, 10)).await.unwrap();
        assert_eq!((uses.len(), uses[0].who.as_str()), (1, "李四"));
        // 停用之后用印 409
        step(&home, &applicant, seal, SealAction::Suspend, "保管人离岗").await.unwrap();
        let stopped = db.snapshot("test.stopped", move |tx| issue::stamp(tx, town, 7, "食品经营许可证", now()).map(drop)).await;
        let stopped = refused(stopped);
        assert_eq!((stopped.code, stopped.code.status()), (Code::InvalidState, 409));
        // 注销之后，旧文件签时有效
        assert_eq!(step(&home, &reviewer, seal, SealAction::Cancel, "撤并乡镇，注销备案 2026-11-23").await.unwrap(), SealState::Cancelled);
        let bytes = home.app.app.files().get(&signed.file).await.unwrap();
        let trust = db.snapshot("test.trust", maker::trust).await.unwrap();
        let verify = |at| tongban_ofd::verify(&bytes, &trust, at).conclusion;
        assert_eq!(verify(now()), Conclusion::Valid, "注销不倒查：签时有效");
        assert_eq!(verify(now() + SignedDuration::from_hours(24 * 365 * 8)), Conclusion::ValidExpiredNow, "过了印章有效期：签时有效，现已过期");
        assert!(journal::verify(db, |_| ()).await.unwrap().faults.is_empty());
    }
}

const MANY: usize = 100;

/// 开着后台循环，直到签成 `enough` 张，随即停下（任务做到一半也停）。
async fn work_until(home: &Home, enough: usize) {
    let (stop, watch) = tokio::sync::watch::channel(false);
    let handles = worker::start(&home.app.app, &watch);
    for _ in 0..2400 {
        if signed(home).await >= enough {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    handles.iter().for_each(tokio::task::JoinHandle::abort);
    drop(stop);
    for handle in handles {
        let _ = handle.await;
    }
}

async fn signed(home: &Home) -> usize {
    let sql = "SELECT COUNT(*) FROM credentials_licences WHERE state = 30";
    let count = home.app.app.db().snapshot("test.signed", move |tx| tx.row(sql, args![], |r| r.get::<i64>(0))).await.unwrap();
    usize::try_from(count.unwrap_or(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_a_hundred_at_once_even_when_killed_halfway() {
    for home in homes().await {
        let seal = home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let db = home.app.app.db().clone();
        let tasks: Vec<_> = (0..MANY)
            .map(|n| {
                let (db, boss, other) = (db.clone(), home.boss(1), home.boss(2));
                let input = Enter { holder_name: format!("王小明{n}"), ..home.input(kind) };
                tokio::spawn(async move {
                    db.write("test.issue", move |tx| {
                        let identifier = commands::enter(tx, &boss, &input, now())?;
                        let row = licences::by_identifier(tx, &identifier)?.unwrap();
                        commands::act(tx, &other, row.id, LicenceAction::Review, row.version, "", now())?;
                        Ok((row.id, identifier))
                    })
                    .await
                    .unwrap()
                })
            })
            .collect();
        let mut issued = Vec::with_capacity(MANY);
        for task in tasks {
            issued.push(task.await.unwrap());
        }
        // 标识不重、流水连续
        let identifiers: BTreeSet<_> = issued.iter().map(|(_, identifier)| identifier.clone()).collect();
        assert_eq!(identifiers.len(), MANY);
        let serials: BTreeSet<u64> = identifiers.iter().map(|text| Identifier::parse(text).unwrap().serial[4..].parse().unwrap()).collect();
        assert_eq!(serials, (1..=MANY as u64).collect(), "流水从 1 到 100，一个不缺");
        // 签到一半杀掉，租约到期之后重来
        work_until(&home, 30).await;
        let half = signed(&home).await;
        assert!((30..MANY).contains(&half), "停在半路：{half}");
        db.write("test.expire", |tx| tx.exec("UPDATE jobs SET until = 0 WHERE state = 0", args![]).map(drop)).await.unwrap();
        work_until(&home, MANY).await;
        assert_eq!(signed(&home).await, MANY);
        // 每张恰一条用印日志，文件都在、都验得过
        let uses = db.snapshot("test.uses", move |tx| grants::uses(tx, &Scope::unit(0), seal, i64::MAX, 500)).await.unwrap();
        let logged: BTreeSet<_> = uses.iter().filter(|one| one.done).map(|one| one.source.clone()).collect();
        assert_eq!((uses.len(), logged), (MANY, identifiers), "每份恰一条用印日志");
        let trust = db.snapshot("test.trust", maker::trust).await.unwrap();
        for (id, _) in &issued {
            let row = home.row(*id).await;
            let bytes = home.app.app.files().get(&row.file).await.unwrap();
            assert_eq!(tongban_ofd::verify(&bytes, &trust, now()).conclusion, Conclusion::Valid, "没有半成品");
        }
        assert!(journal::verify(&db, |_| ()).await.unwrap().faults.is_empty());
    }
}

/// 出一枚新码，回 10 位短码。
async fn show(home: &Home, licence: i64) -> (StatusCode, String) {
    let me = home.app.sign_in(citizen(71));
    let page = home.app.post_form(&format!("/me/licences/{licence}/show"), &me, &[("passcode", PASSCODE)]).await.unwrap();
    let short = page.body.split("class=\"num big\">").nth(1).map_or_else(String::new, |rest| rest.chars().take(12).filter(char::is_ascii_digit).collect());
    (page.status, short)
}

#[tokio::test]
async fn six_showing_a_licence() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        set_passcode(&home, 71).await;
        let check = async |short: &str| home.app.post_form("/v", "", &[("short", short)]).await.unwrap();
        // 匿名只见脱敏
        let (_, short) = show(&home, row.id).await;
        let seen = check(&short).await;
        assert_eq!(seen.status, StatusCode::OK);
        for hidden in ["王小明", "510811199003070017", "19900307", "京昆路", row.number.as_str(), row.identifier.as_str()] {
            assert!(!seen.body.contains(hidden), "匿名看见了 {hidden}");
        }
        assert!(seen.body.contains("王*") && seen.body.contains(&row.number[row.number.len() - 4..]));
        // 八个一起核验，恰一个成功，余下 409
        let (_, short) = show(&home, row.id).await;
        let form = [("short", short.as_str())];
        let (a, b, c, d, e, f, g, h) = tokio::join!(
            home.app.post_form("/v", "", &form),
            home.app.post_form("/v", "", &form),
            home.app.post_form("/v", "", &form),
            home.app.post_form("/v", "", &form),
            home.app.post_form("/v", "", &form),
            home.app.post_form("/v", "", &form),
            home.app.post_form("/v", "", &form),
            home.app.post_form("/v", "", &form)
        );
        let statuses: Vec<_> = [a, b, c, d, e, f, g, h].into_iter().map(|answer| answer.unwrap().status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CONFLICT).count(), 7, "{statuses:?}");
        // 过了 60 秒 410：把这枚码往前挪 60 秒，等于钟往后走了 60 秒
        let (_, short) = show(&home, row.id).await;
        home.app.app.db().write("test.clock", |tx| tx.exec("UPDATE credentials_shows SET made = made - 60000, expires = expires - 60000 WHERE used IS NULL", args![]).map(drop)).await.unwrap();
        let late = check(&short).await;
        assert_eq!(late.status, StatusCode::GONE);
        assert!(late.body.contains("截屏"));
        // 出码之后注销：核验、验真立刻看到
        let (_, short) = show(&home, row.id).await;
        let (boss, id) = (home.boss(1), row.id);
        home.app
            .app
            .db()
            .write("test.cancel", move |tx| {
                let version = licences::find(tx, id)?.unwrap().version;
                commands::act(tx, &boss, id, LicenceAction::Cancel, version, "〔2026〕3 号", now())
            })
            .await
            .unwrap();
        let started = std::time::Instant::now();
        let seen = check(&short).await;
        assert!(seen.status == StatusCode::OK && seen.body.contains("已注销") && seen.body.contains("不能当有效证照用"), "{}", seen.body);
        let found = home.app.get(&format!("/verify?no={}", row.identifier), "").await.unwrap();
        assert!(found.body.contains("现在：已注销"));
        assert!(started.elapsed() < std::time::Duration::from_secs(1), "一秒之内");
        assert_eq!(show(&home, row.id).await.0, StatusCode::CONFLICT, "注销的亮不出来");
    }
}
