//! 亮证：一次、60 秒、八人抢一人得、注销立刻看得到；免提交；用证记录。

use jiff::SignedDuration;
use tongban_credentials::commands::{self, Checked, LIFE, Opened, Waive};
use tongban_credentials::model::{LicenceAction, LicenceState};
use tongban_credentials::queries;
use tongban_credentials::store::shows;
use tongban_kernel::{Actor, Code};

use crate::support::{citizen, homes, now, refused, set_passcode};

fn code(n: u8) -> Opened {
    Opened { token: format!("token-{n}"), short: format!("{:010}", 1_234_500_000_u64 + u64::from(n)), chain: "chain".into() }
}

#[tokio::test]
async fn the_code_works_once_within_a_minute_and_strangers_see_little() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        let (id, officer) = (row.id, home.boss(5));
        set_passcode(&home, 71).await;
        home.app
            .app
            .db()
            .write("test.show", move |tx| {
                assert_eq!(refused(commands::open_show(tx, &citizen(72), id, &code(1), now())).code, Code::NotFound, "不是他的");
                commands::open_show(tx, &citizen(71), id, &code(1), now())?;
                commands::open_show(tx, &citizen(71), id, &code(2), now())?;
                let gone = commands::verify_show(tx, &Actor::anonymous(), "token-1", &Checked::default(), now() + SignedDuration::from_millis(5));
                assert_eq!(refused(gone).code, Code::Gone, "新码一出，旧码作废");
                let late = commands::verify_show(tx, &Actor::anonymous(), "token-2", &Checked::default(), now() + LIFE + SignedDuration::from_secs(1));
                let late = refused(late);
                assert!(late.code == Code::Gone && late.detail.contains("截屏"), "60 秒之后作废");
                let seen = commands::verify_show(tx, &Actor::anonymous(), "123 450 0002", &Checked::default(), now())?;
                assert!(!seen.full && seen.lines.iter().all(|(_, value)| !value.contains("王小明") && !value.contains("19900307")), "{:?}", seen.lines);
                assert_eq!(refused(commands::verify_show(tx, &Actor::anonymous(), "token-2", &Checked::default(), now())).code, Code::AlreadyUsed);
                commands::open_show(tx, &citizen(71), id, &code(3), now())?;
                assert_eq!(refused(commands::verify_show(tx, &officer, "token-3", &Checked::default(), now())).code, Code::ValidationFailed, "核验员要写事由");
                let checked = Checked { reason: "现场检查".into(), ..Checked::default() };
                let seen = commands::verify_show(tx, &officer, "token-3", &checked, now())?;
                assert!(seen.full && seen.lines.iter().any(|(_, value)| value == "王小明") && seen.lines.iter().any(|(label, _)| label == "经营场所"));
                let looks = shows::looks(tx, id, i64::MAX, 10)?;
                assert_eq!(looks.len(), 2);
                assert_eq!((looks[0].who.as_str(), looks[0].reason.as_str()), ("主管5", "现场检查"), "持证人看得到谁、为什么");
                Ok(())
            })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn of_eight_at_once_exactly_one_succeeds() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let id = home.licence(home.input(kind), 71).await.id;
        set_passcode(&home, 71).await;
        let db = home.app.app.db().clone();
        db.write("test.open", move |tx| commands::open_show(tx, &citizen(71), id, &code(7), now()).map(drop)).await.unwrap();
        let tries: Vec<_> = (0..8)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move { db.write("test.grab", |tx| commands::verify_show(tx, &Actor::anonymous(), "token-7", &Checked::default(), now()).map(drop)).await })
            })
            .collect();
        let mut won = 0;
        for each in tries {
            match each.await.unwrap() {
                Ok(()) => won += 1,
                result => assert_eq!(refused(result).code, Code::AlreadyUsed),
            }
        }
        assert_eq!(won, 1);
    }
}

#[tokio::test]
async fn revoking_shows_at_once_and_a_licence_replaces_an_upload_only_while_valid() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        let (id, identifier, boss) = (row.id, row.identifier.clone(), home.boss(1));
        set_passcode(&home, 71).await;
        home.app
            .app
            .db()
            .write("test.waive", move |tx| {
                let waive = |material| Waive { identifier: &identifier, case_no: "D-1", material, item_code: "x", item_name: "开餐馆" };
                assert_eq!(refused(commands::waive(tx, &citizen(72), &waive("食品经营许可证复印件"), now())).code, Code::NotFound);
                assert_eq!(refused(commands::waive(tx, &citizen(71), &waive("房产证"), now())).code, Code::ValidationFailed);
                commands::waive(tx, &citizen(71), &waive("食品经营许可证复印件"), now())?;
                let used = queries::shown_for_case(tx, "D-1")?;
                assert_eq!((used.len(), used[0].valid), (1, true));
                let version = tongban_credentials::store::licences::find(tx, id)?.unwrap().version;
                commands::open_show(tx, &citizen(71), id, &code(9), now())?;
                assert_eq!(commands::act(tx, &boss, id, LicenceAction::Suspend, version, "暂扣 〔2026〕1 号", now())?, LicenceState::Suspended);
                let seen = commands::verify_show(tx, &Actor::anonymous(), "token-9", &Checked::default(), now())?;
                assert_eq!(seen.state, LicenceState::Suspended, "出码之后暂扣的，核验看到的是暂扣");
                assert_eq!(refused(commands::waive(tx, &citizen(71), &waive("食品经营许可证"), now())).code, Code::InvalidState);
                assert!(!queries::shown_for_case(tx, "D-1")?[0].valid, "用过之后失效的，办件上看得到");
                Ok(())
            })
            .await
            .unwrap();
    }
}
