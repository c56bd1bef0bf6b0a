//! 实时的五分钟断线：一边断一边来 1500 件，接通之后一条不少、一条不重、次序不乱。平时不跑，手工跑：
//! `cargo nextest run -p tongban-messages --run-ignored only five_minutes`。

use super::*;

/// 断多久。
const OUTAGE: Duration = Duration::from_secs(300);
/// 接通之后至多多久补完。
const CATCH_UP: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "要五分钟真的时间"]
async fn a_five_minutes_outage_with_events_arriving_loses_nothing() {
    for engine in engines() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let stage = Stage::new(engine, port).await;
        let (begun, mut sent) = (Instant::now(), 0_u32);
        while begun.elapsed() < OUTAGE {
            // 每秒五件，与后台一样一秒发布、投递一次
            while sent < 1500 && f64::from(sent) < begun.elapsed().as_secs_f64() * 5.0 {
                let step = STEPS[usize::try_from(sent).unwrap() % 3];
                stage.happen(step, format!("510811-20261123-{:06}", sent / 3)).await;
                sent += 1;
            }
            stage.publish().await;
            stage.dispatch().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        while sent < 1500 {
            stage.happen(STEPS[usize::try_from(sent).unwrap() % 3], format!("510811-20261123-{:06}", sent / 3)).await;
            sent += 1;
        }
        stage.publish().await;
        assert_eq!((stage.counts().await, stage.standing().await.as_str()), ((1500, 0, 0), "active"), "断线期间一条也没丢，端点也没停");
        let (receiver, _) = Receiver::listen(port).await;
        let back = Instant::now();
        let mut first = None;
        while stage.counts().await != (0, 1500, 0) {
            assert!(back.elapsed() < CATCH_UP, "{engine:?}：{:?}", stage.counts().await);
            stage.dispatch().await;
            if first.is_none() && !receiver.got().is_empty() {
                first = Some(back.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let got = receiver.got();
        eprintln!("{engine:?}：断线 {OUTAGE:?}，接通后 {first:.1?} 收到第一条，{:.1?} 收齐 {} 条", back.elapsed(), got.len());
        assert_eq!(got.len(), 1500, "一条不少、一条不重");
        subjects_in_order(&got);
    }
}
