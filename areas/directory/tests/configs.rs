//! 基础信息配置核对：一机构一类一项，规则与人各看一遍，度量与下钻都等于手算。
#![allow(clippy::unwrap_used, reason = "测试")]

use jiff::Timestamp;
use tongban_directory::config::Class;
use tongban_directory::measures::MEASURES;
use tongban_directory::model::{KIND_TENANT, NewOrg};
use tongban_directory::testing::{division, org};
use tongban_directory::{area, commands, queries};
use tongban_kernel::Actor;
use tongban_store::testing::{TestDb, engines};
use tongban_web::Tally;
use tongban_web::area::DrillQuery;

fn at(day: &str) -> Timestamp {
    format!("{day}T02:00:00Z").parse().unwrap()
}

/// 度量到某日的数，由日志里的事实累出。
async fn figure(t: &TestDb, code: &'static str, day: i64) -> i64 {
    let set = MEASURES.iter().find(|set| set.codes.iter().any(|measure| measure.code == code)).unwrap();
    t.db.snapshot("t", move |tx| {
        let mut out = Tally::default();
        for (_, facts) in (set.scan)(tx, 0, 10_000)? {
            (set.tally)(&facts, &mut out)?;
        }
        Ok(out.sums.iter().filter(|((measure, _, from), _)| *measure == code && *from <= day).map(|(_, n)| n).sum())
    })
    .await
    .unwrap()
}

/// 点进去看到几条。
async fn drilled(t: &TestDb, code: &'static str, day: i64) -> Vec<String> {
    let measure = MEASURES.iter().flat_map(|set| set.codes).find(|measure| measure.code == code).unwrap();
    t.db.snapshot("t", move |tx| {
        let mut rows = Vec::new();
        for org in queries::all_orgs(tx)? {
            let query = DrillQuery { org: org.id, from_day: 0, to_day: day, after: 0, limit: 100, actor: &Actor::system() };
            rows.extend((measure.drill)(tx, &query)?.into_iter().map(|row| format!("{} {}：{}", row.title, row.number, row.detail)));
        }
        Ok(rows)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_equals_the_hand_count_day_by_day() {
    for engine in engines() {
        let t = TestDb::open(engine, area().migrations).await.unwrap();
        let me = Actor::system();
        let actor = me.clone();
        // 三个机构九项：区本级全对；教育局投诉电话没带区号；林业局没有信用代码、地址也没写
        let (school, forest) = t
            .db
            .write("t", move |tx| {
                division(tx, &actor)?;
                let day = at("2026-11-02");
                let root = commands::create_org(tx, &actor, &org(0, "广元市昭化区", "11510811MB0000027M", KIND_TENANT), day)?;
                let school = NewOrg { complaint_phone: "8729001".into(), ..org(root, "广元市昭化区教育局", "11510811MB0000019T", 2) };
                let forest = NewOrg { address: String::new(), ..org(root, "广元市昭化区林业局", "", 2) };
                Ok((commands::create_org(tx, &actor, &school, day)?, commands::create_org(tx, &actor, &forest, day)?))
            })
            .await
            .unwrap();
        let on = async |day| (figure(&t, "configs.right", day).await, figure(&t, "configs.expected", day).await);
        assert_eq!(on(20_261_101).await, (0, 0));
        assert_eq!(on(20_261_102).await, (6, 9));

        // 人核对：教育局的名称其实改过了，规则看不出来
        let actor = me.clone();
        t.db.write("t", move |tx| commands::record_config(tx, &actor, school, Class::Org, "已更名为教育和体育局", at("2026-11-03"))).await.unwrap();
        assert_eq!(on(20_261_103).await, (5, 9));

        // 规则还查得出不符的，人不能记成无误
        let actor = me.clone();
        let refused = t.db.write("t", move |tx| commands::record_config(tx, &actor, school, Class::Service, "", at("2026-11-03"))).await;
        assert!(refused.unwrap_err().problem().unwrap().errors[0].detail.contains("投诉电话"));

        // 改好教育局：服务信息当即通过，名称等人再核对
        let actor = me.clone();
        t.db.write("t", move |tx| {
            let now = queries::org(tx, school)?.unwrap();
            let new = NewOrg { complaint_phone: "0839-8729001".into(), ..org(0, "广元市昭化区教育和体育局", "11510811MB0000019T", 2) };
            commands::edit_org(tx, &actor, school, now.version, &new, at("2026-11-04"))?;
            let long = NewOrg { address: "好".repeat(201), hours: "好".repeat(201), ..new.clone() };
            let refused = commands::edit_org(tx, &actor, school, now.version + 1, &long, at("2026-11-04")).unwrap_err();
            assert_eq!(refused.problem().unwrap().errors.iter().map(|e| e.field()).collect::<Vec<_>>(), ["address", "hours"]);
            let stale = commands::edit_org(tx, &actor, school, now.version, &new, at("2026-11-04"));
            assert_eq!(stale.unwrap_err().problem().unwrap().code.as_str(), "precondition-failed");
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(on(20_261_104).await, (6, 9));
        let actor = me.clone();
        t.db.write("t", move |tx| commands::record_config(tx, &actor, school, Class::Org, "", at("2026-11-05"))).await.unwrap();
        assert_eq!(on(20_261_105).await, (7, 9));
        assert_eq!([on(20_261_102).await, on(20_261_103).await, on(20_261_104).await], [(6, 9), (5, 9), (6, 9)], "过去的日子不变");

        // 点进去正好是这些；不符的说清哪里
        assert_eq!(drilled(&t, "configs.expected", 20_261_105).await.len(), 9);
        let right = drilled(&t, "configs.right", 20_261_105).await;
        assert_eq!(right.len(), 7);
        let wrong: Vec<String> = drilled(&t, "configs.expected", 20_261_105).await.into_iter().filter(|row| !right.contains(row)).collect();
        assert!(wrong[0].contains("林业局 组织机构：没有统一社会信用代码") && wrong[1].contains("林业局 服务信息：没有办公地址"), "{wrong:?}");
        let rows = t.db.read("t", move |tx| queries::configs(tx, forest)).await.unwrap();
        assert_eq!(rows.iter().filter(|row| row.is_right()).count(), 1);
    }
}
