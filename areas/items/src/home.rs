//! 首页上的一块：高效办成一件事。

use askama::Template;
use tongban_kernel::Actor;
use tongban_store::{Error, Result, Tx};
use tongban_web::area::Panel;
use tongban_web::{Html, assets};

use crate::store::{self, BundleRow};

/// 首页放几件。
const SHOWN: i64 = 6;

/// 首页的板块。
pub const PANELS: &[Panel] = &[Panel { subject: "home", render: events }];

#[derive(Template)]
#[template(path = "home_events.html")]
struct Events {
    icons: String,
    bundles: Vec<BundleRow>,
}

fn events(tx: &mut Tx<'_>, _: &Actor, _: i64) -> Result<Option<Html>> {
    let bundles = store::bundles(tx, 0, SHOWN)?;
    if bundles.is_empty() {
        return Ok(None);
    }
    let page = Events { icons: assets::href("icons.svg"), bundles };
    Ok(Some(axum::response::Html(page.render().map_err(|error| Error::Io(error.to_string()))?)))
}
