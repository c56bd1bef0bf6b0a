//! 出站请求：不跟随跳转、有时限、解析出的地址也要是公网的（api-conventions §8）。

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use tongban_store::{Error, Result};

use crate::rules::{TIMEOUT, is_public};

/// 解析之后丢掉内网与环回地址：换了解析记录也推不到内网里。
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.filter(|address| is_public(address.ip())).collect();
            if found.is_empty() {
                return Err("这个主机名没有公网地址".into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

/// 出站客户端；`private` 允许内网与本机（系统管理员打开的开关）。
///
/// # Errors
/// 系统没有可用的根证书。
pub fn client(private: bool) -> Result<reqwest::Client> {
    let failed = |error: &dyn std::fmt::Display| Error::Io(format!("出站客户端：{error}"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // 系统里个别读不懂的根证书不影响其余
        let _ = roots.add(certificate);
    }
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| failed(&e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls).redirect(Policy::none()).timeout(TIMEOUT).user_agent("tongban");
    let builder = if private { builder } else { builder.dns_resolver(PublicOnly) };
    builder.build().map_err(|e| failed(&e))
}
