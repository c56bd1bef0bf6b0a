//! 出站请求：不跟随跳转、有时限、解析出的地址也要是公网的（api-conventions §8）。

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use tongban_store::{Error, Result};

/// 公网地址：不是环回、私网、链路本地、组播与保留段。
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let benchmark = a == 198 && (18..20).contains(&b);
            let inner = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_broadcast();
            !(inner || ip.is_documentation() || ip.is_multicast() || shared || benchmark || a == 0 || a >= 240)
        }
        IpAddr::V6(ip) => {
            if let Some(mapped) = ip.to_ipv4_mapped() {
                return is_public(IpAddr::V4(mapped));
            }
            let first = ip.segments()[0];
            let local = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80;
            !(ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || local)
        }
    }
}

/// 网址里直接写着本机或内网地址；主机名要等解析出来才知道，由客户端挡。
#[must_use]
pub fn names_inner_host(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.is_empty() || host.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| !is_public(ip))
}

/// 解析之后丢掉内网与环回地址：换了解析记录也到不了内网里。
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
pub fn client(private: bool, timeout: Duration) -> Result<reqwest::Client> {
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
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls).redirect(Policy::none()).timeout(timeout).user_agent("tongban");
    let builder = if private { builder } else { builder.dns_resolver(PublicOnly) };
    builder.build().map_err(|e| failed(&e))
}
