//! 起服务：监听、后台循环、指标、优雅停机。

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tongban_web::{App, router, worker};

/// 停机时等在途请求多久。
const GRACE: Duration = Duration::from_secs(30);

/// 直方图的分界，秒。
const BUCKETS: &[f64] = &[0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0];

fn recorder() -> Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)
        .context("装指标记录器")
}

/// 服务到收到停止信号为止。
///
/// # Errors
/// 端口被占、后台循环起不来。
pub async fn run(app: App, listen: &str) -> Result<()> {
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("监听 {listen}：端口可能被占，用 TONGBAN_LISTEN=127.0.0.1:端口 换一个")
    })?;
    let metrics = recorder()?;
    let (stop, stopping) = watch::channel(false);
    let workers = worker::start(&app, &stopping);
    let router: Router = router::build(app).merge(metrics_route(metrics));
    tracing::info!(listen, "开始服务");
    let server = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>());
    server.with_graceful_shutdown(signal(stop)).await.context("服务中断")?;
    let all = async {
        for handle in workers {
            let _ = handle.await;
        }
    };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::warn!("后台循环没有在 30 秒内停下，直接退出；没做完的下次接着做");
    }
    tracing::info!("已停止");
    Ok(())
}

fn metrics_route(handle: PrometheusHandle) -> Router {
    // 只给本机与内网口看；对外由反向代理拦住（见 README 运维一节）
    Router::new().route("/metrics", get(move || std::future::ready(handle.render())))
}

/// 收到 Ctrl-C 或 SIGTERM；30 秒后仍有在途请求就不再等。
async fn signal(stop: watch::Sender<bool>) {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = match signal(SignalKind::terminate()) {
            Ok(terminate) => terminate,
            Err(error) => {
                tracing::warn!(%error, "收不到 SIGTERM，只认 Ctrl-C");
                let _ = interrupt.await;
                let _ = stop.send(true);
                return;
            }
        };
        tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
    tracing::info!("正在停止：不接新请求，等在途的做完");
    let _ = stop.send(true);
    tokio::spawn(async {
        tokio::time::sleep(GRACE).await;
        tracing::warn!("等了 30 秒仍有在途请求，退出");
        std::process::exit(0);
    });
}
