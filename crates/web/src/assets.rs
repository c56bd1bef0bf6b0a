//! 静态资源：编进二进制，网址带内容散列，可以永久缓存。

use std::collections::HashMap;
use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use sm3::{Digest, Sm3};
use tongban_kernel::Problem;

use crate::failure::Failure;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

fn digests() -> &'static HashMap<String, String> {
    static DIGESTS: OnceLock<HashMap<String, String>> = OnceLock::new();
    DIGESTS.get_or_init(|| {
        Assets::iter()
            .filter_map(|name| {
                let file = Assets::get(&name)?;
                Some((name.to_string(), hex::encode(&Sm3::digest(&file.data)[..6])))
            })
            .collect()
    })
}

/// 资源的网址：`/assets/app.<散列>.css`。
#[must_use]
pub fn href(name: &str) -> String {
    match (digests().get(name), name.rsplit_once('.')) {
        (Some(digest), Some((stem, extension))) => format!("/assets/{stem}.{digest}.{extension}"),
        _ => format!("/assets/{name}"),
    }
}

/// 去掉网址里的散列。
fn plain_name(requested: &str) -> String {
    let parts: Vec<&str> = requested.split('.').collect();
    match parts.as_slice() {
        [stem, digest, extension] if digest.len() == 12 => format!("{stem}.{extension}"),
        _ => requested.to_owned(),
    }
}

pub(crate) async fn serve(Path(requested): Path<String>) -> Response {
    let name = plain_name(&requested);
    let Some(file) = Assets::get(&name) else {
        return Failure::from(Problem::not_found()).into_response();
    };
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    };
    let cache = if name == requested { "no-cache" } else { "public, max-age=31536000, immutable" };
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CACHE_CONTROL, HeaderValue::from_static(cache))];
    (StatusCode::OK, headers, file.data.into_owned()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashed_names_come_back() {
        let href = href("app.css");
        let name = href.strip_prefix("/assets/").unwrap();
        assert_ne!(name, "app.css");
        assert_eq!(plain_name(name), "app.css");
    }
}
