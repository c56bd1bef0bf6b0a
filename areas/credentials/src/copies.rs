//! 加注件（规格 §7.6）：原件字节附在里面，首页斜水印写明给谁、做什么用、到何时，再盖同一枚章；到期下载链接 410。

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use tongban_kernel::Problem;
use tongban_kernel::problem::Checks;
use tongban_kernel::time::{date_of, day_number};
use tongban_ofd::Part;
use tongban_web::{App, Ctx, Failure};

use crate::commands::{self, Checked, Copied};
use crate::issue::{self, Note, Pen};
use crate::maker::random;
use crate::model::LicenceState;
use crate::store::LicenceRow;

/// 不写天数的，几天之后过期。
pub const DAYS: i64 = 30;

/// 要一份加注件。
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// 制作者：谁要的这一份。
    pub maker: String,
    /// 使用单位。
    pub whom: String,
    /// 事由。
    pub why: String,
    /// 几天之后过期；0 为 [`DAYS`]。
    pub days: i64,
}

impl Asked {
    /// 核对并去掉两头的空白。
    ///
    /// # Errors
    /// 没写给谁、做什么用，太长，天数不合理。
    pub fn checked(mut self) -> Result<Self, Problem> {
        for text in [&mut self.maker, &mut self.whom, &mut self.why] {
            *text = text.trim().to_owned();
        }
        let mut checks = Checks::new();
        checks.ensure((1..=30).contains(&self.whom.chars().count()), "who", "required", "请写明给谁用，1 到 30 字");
        checks.ensure((1..=30).contains(&self.why.chars().count()), "why", "required", "请写明做什么用，1 到 30 字");
        checks.ensure((0..=DAYS).contains(&self.days), "days", "range", "有效天数填 1 到 30");
        checks.finish()?;
        self.days = if self.days == 0 { DAYS } else { self.days };
        Ok(self)
    }
}

/// 做好的一份。
pub struct Made {
    pub bytes: Vec<u8>,
    /// 下载链接。
    pub url: String,
    pub expires: Timestamp,
}

/// 做一份加注件：登记、记用印、留痕，告诉持证人。
///
/// # Errors
/// 证照现在不是有效、没有可用的章或授权 409；排不成。
pub async fn make(app: &App, ctx: &Ctx, row: LicenceRow, asked: Asked, checked: Checked) -> Result<Made, Failure> {
    let asked = asked.checked()?;
    let at = app.now();
    usable(&row, at)?;
    let original = Part::stored(app.files().get(&row.file).await?.to_vec());
    let (base, id, unit, what) = (app.config().base_url.clone(), row.id, row.place.unit, row.kind_name.clone());
    let (ready, stamp) = app.db().snapshot("credentials.copy", move |tx| Ok((issue::ready(tx, id, &base)?, issue::stamp(tx, unit, 0, &what, at)?))).await?;
    let expires = at + SignedDuration::from_hours(24 * asked.days);
    let note = Note { maker: asked.maker.clone(), whom: asked.whom.clone(), why: asked.why.clone(), until: expires, original: Arc::clone(&original) };
    let made = tokio::task::spawn_blocking(move || issue::annotated(&ready, &Pen::new(stamp)?, &note, at));
    let (bytes, entry) = made.await.map_err(|_| Problem::conflict("加注件没有做成，请再试一次"))??;
    let file = app.files().put(bytes.clone().into(), tongban_ofd::MEDIA_TYPE).await?;
    let (actor, token) = (ctx.actor.clone(), URL_SAFE_NO_PAD.encode(random::<16>()?));
    let url = format!("{}/copies/{token}", app.config().base_url);
    let copied = Copied { row, token, file, entry, maker: asked.maker, whom: asked.whom, why: asked.why, expires };
    app.db().write("credentials.copied", move |tx| commands::copied(tx, &actor, &copied, &checked, at)).await?;
    Ok(Made { bytes, url, expires })
}

/// 只有此刻有效的才给人做副本。
fn usable(row: &LicenceRow, at: Timestamp) -> Result<(), Problem> {
    if row.file.is_empty() {
        return Err(Problem::conflict("这张证照还没有用印，还没有文件"));
    }
    let overdue = row.valid_to < day_number(date_of(at));
    if row.state == LicenceState::Valid && !overdue {
        return Ok(());
    }
    let label = if overdue { LicenceState::Expired.label() } else { row.state.label() };
    Err(Problem::invalid_state(label, vec!["有效"], format!("证照现在是“{label}”，不能做加注件")))
}
