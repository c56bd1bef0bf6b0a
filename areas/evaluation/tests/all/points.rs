//! 评价点位的检测与窗口岗位配评价仪：指标由记录算出，别单位的看不到，同一件事不记两遍。

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use tongban_evaluation::area;
use tongban_evaluation::commands::{pads, points};
use tongban_evaluation::permissions::{INSPECT, READ};
use tongban_evaluation::store;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Scope};
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;
use tongban_web::Tally;

use crate::posts::hall;
use crate::support::{staff, start};

/// 由全量扫描算出一个度量在某天的存量。
async fn stock(app: &TestApp, code: &'static str, day: i64) -> i64 {
    app.app
        .db()
        .snapshot("t", move |tx| {
            let mut tally = Tally::default();
            for measures in area().measures.iter().filter(|m| m.codes.iter().any(|c| c.code == code)) {
                for (_, facts) in (measures.scan)(tx, 0, 1000)? {
                    (measures.tally)(&facts, &mut tally)?;
                }
            }
            Ok(tally.sums.iter().filter(|((measure, _, at), _)| *measure == code && *at <= day).map(|(_, n)| n).sum())
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_good_for_thirty_days_after_a_check() {
    for engine in engines() {
        let hall = hall(engine).await;
        let today = day_number(date_of(Timestamp::now()));
        assert_eq!((stock(&hall.app, "points.expected", today).await, stock(&hall.app, "points.good", today).await), (2, 0), "两个窗口两个点位");
        let window = hall.windows[1];
        let inspector = Actor { scope: Scope::unit(hall.org), ..staff("督查员", hall.org, &[READ, INSPECT]) };
        let checker = hall.app.sign_in(inspector.clone());
        let reader = hall.app.sign_in(Actor { scope: Scope::unit(hall.org), ..staff("只读", hall.org, &[READ]) });
        let outsider = hall.app.sign_in(staff("外单位", hall.org + 9, &[READ, INSPECT]));
        let page = hall.app.get("/desk/rates/points", &checker).await.unwrap().body;
        assert!(page.contains("04 号 综合窗口 04") && page.contains("还没检测"));
        assert!(!hall.app.get("/desk/rates/points", &outsider).await.unwrap().body.contains("综合窗口 04"));
        let path = format!("/desk/rates/points/{window}");
        let send = async |who: &str, version: &str, state: &str, note: &str| {
            hall.app.post_form(&path, who, &[("version", version), ("state", state), ("note", note)]).await.unwrap()
        };
        assert_eq!(send(&outsider, "1", "good", "").await.status, StatusCode::NOT_FOUND);
        assert_eq!(send(&reader, "1", "good", "").await.status, StatusCode::FORBIDDEN);
        let silent = send(&checker, "1", "bad", " ").await;
        assert!(silent.status == StatusCode::UNPROCESSABLE_ENTITY && silent.body.contains("请写哪里不行"));
        assert_eq!(send(&checker, "1", "maybe", "").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let long = send(&checker, "1", "bad", &"坏".repeat(201)).await;
        assert!(long.status == StatusCode::UNPROCESSABLE_ENTITY && long.body.contains("最多 200 字"));
        assert_eq!(send(&checker, "1", "good", "扫得开").await.status, StatusCode::SEE_OTHER);
        assert_eq!(send(&checker, "1", "good", "").await.status, StatusCode::PRECONDITION_FAILED, "别人先记了");
        assert_eq!(stock(&hall.app, "points.good", today).await, 1);
        let later = |days: i64| day_number(date_of(Timestamp::now() + SignedDuration::from_hours(24 * days)));
        assert_eq!((stock(&hall.app, "points.good", later(30)).await, stock(&hall.app, "points.good", later(31)).await), (1, 0), "管 30 天");
        assert_eq!(send(&checker, "2", "bad", "码被撕了").await.status, StatusCode::SEE_OTHER);
        assert_eq!(stock(&hall.app, "points.good", today).await, 0);
        let log = hall.app.app.db().snapshot("t", move |tx| tx.timeline(window)).await.unwrap();
        let kinds: Vec<&str> = log.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "points.checked").count(), 2, "一次检测一条日志：{kinds:?}");
        // 人说不可用的，评价仪报到不恢复
        hall.app.app.db().write("t", move |tx| points::alive(tx, window, Timestamp::now() + SignedDuration::from_hours(48))).await.unwrap();
        assert_eq!(stock(&hall.app, "points.good", later(2)).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reporting_pad_checks_its_point_once_a_day_and_counts_its_post() {
    for engine in engines() {
        let hall = hall(engine).await;
        let today = day_number(date_of(Timestamp::now()));
        let count = async |code| stock(&hall.app, code, today).await;
        assert_eq!((count("seats.expected").await, count("seats.bound").await), (2, 0), "一个窗口两个岗位，应配两台");
        hall.bind(0, "").await;
        hall.app.app.settle().await.unwrap();
        assert_eq!(count("seats.bound").await, 1);
        let (post, window) = (hall.posts[0], hall.windows[0]);
        for minutes in [1, 2, 3] {
            let at = Timestamp::now() + SignedDuration::from_mins(minutes);
            hall.app.app.db().write("t", move |tx| {
                let bound = store::binding_of_post(tx, post)?.unwrap();
                pads::seen(tx, bound.id, at)
            }).await.unwrap();
        }
        assert_eq!(count("points.good").await, 1);
        let log = hall.app.app.db().snapshot("t", move |tx| tx.timeline(window)).await.unwrap();
        let checks = log.iter().filter(|entry| entry.kind == "points.checked").count();
        assert!((1..=2).contains(&checks), "一天一次（跨零点至多两次），不是每 15 秒一次：{checks}");
        let clerk = hall.clerk(0);
        hall.app.app.db().write("t", move |tx| pads::unbind(tx, &clerk, post, Timestamp::now())).await.unwrap();
        hall.app.app.settle().await.unwrap();
        assert_eq!((count("seats.expected").await, count("seats.bound").await), (2, 0), "解了就不算配");
        assert!(day_number(date_of(start())) < today);
    }
}
