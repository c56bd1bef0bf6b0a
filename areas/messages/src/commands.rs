//! 订阅的命令，与投递结果的登记。

use jiff::{SignedDuration, Timestamp};
use tongban_kernel::{Actor, Problem};
use tongban_store::jobs;
use tongban_store::react::set_cursor;
use tongban_store::{Entry, Result, Tx};

use crate::events;
use crate::model::{Standing, Webhook};
use crate::rules;
use crate::store::{self, NewDelivery, NewWebhook};
use crate::{MANAGE, publish};

/// 轮换之后旧钥匙还签多久。
const ROTATION: SignedDuration = SignedDuration::from_hours(24);
/// 一个订阅至多写几种事件。
const MOST_TYPES: usize = 20;

/// 新订阅。
#[derive(Debug, Clone, Default)]
pub struct Subscribe {
    pub url: String,
    pub event_types: Vec<String>,
    pub description: String,
}

impl Subscribe {
    /// 检查并理成能存的样子；`private` 是允许推到内网与本机。
    ///
    /// # Errors
    /// 一次给全要改的地方。
    pub fn checked(&self, private: bool) -> Result<Self, Problem> {
        let mut checks = tongban_kernel::problem::Checks::new();
        let url = match rules::check_url(&self.url, private) {
            Ok(url) => url.to_string(),
            Err(reason) => {
                checks.push(tongban_kernel::FieldError::new("url", "url", reason));
                String::new()
            }
        };
        let types: Vec<String> = self.event_types.iter().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect();
        checks.ensure(!types.is_empty(), "event_types", "required", "请至少选一种事件");
        checks.ensure(types.len() <= MOST_TYPES, "event_types", "length", "事件至多写 20 种，可以用前缀加 * 代替");
        for pattern in &types {
            let known = events::ALL.iter().any(|kind| events::wanted(std::slice::from_ref(pattern), kind.event));
            checks.ensure(known, "event_types", "choice", format!("没有“{pattern}”这种事件"));
        }
        checks.ensure(self.description.chars().count() <= 200, "description", "length", "说明不超过 200 字");
        checks.finish()?;
        Ok(Self { url, event_types: types, description: self.description.trim().to_owned() })
    }
}

/// 订阅事件；从此刻起的事件才推送。`input` 已经 [`Subscribe::checked`]。
///
/// # Errors
/// 没有权限。
pub fn subscribe(tx: &mut Tx<'_>, actor: &Actor, input: &Subscribe, secret: &str, at: Timestamp) -> Result<i64> {
    actor.require(MANAGE)?;
    let id = tx.new_id();
    let new =
        NewWebhook { id, tenant: actor.tenant, url: &input.url, description: &input.description, event_types: &input.event_types, secret };
    store::add_webhook(tx, &new, at)?;
    let reader = publish::reader(id);
    for lane in tx.lanes()? {
        let head = tx.lane_head(lane)?;
        set_cursor(tx, &reader, lane, head)?;
    }
    record(tx, actor, "messages.webhook_subscribed", id, 1, actor.tenant, at)?;
    Ok(id)
}

/// 装载一个订阅：别的县区的与没有的一样。
fn load(tx: &mut Tx<'_>, actor: &Actor, id: i64) -> Result<Webhook> {
    actor.require(MANAGE)?;
    let found = store::lock_webhook(tx, id)?.filter(|webhook| webhook.tenant == actor.tenant);
    Ok(found.ok_or_else(Problem::not_found)?)
}

fn record(tx: &mut Tx<'_>, actor: &Actor, kind: &'static str, subject: i64, rev: i64, tenant: i64, at: Timestamp) -> Result<()> {
    tx.journal(Entry { kind, subject, rev, at, actor, tenant, body: "{}" })
}

/// 停用或启用。
///
/// # Errors
/// 没有权限、不在范围、别人先改了。
pub fn stand(tx: &mut Tx<'_>, actor: &Actor, id: i64, standing: Standing, at: Timestamp) -> Result<()> {
    let webhook = load(tx, actor, id)?;
    if webhook.standing == standing {
        return Ok(());
    }
    let (kind, reason) = match standing {
        Standing::Active => ("messages.webhook_enabled", ""),
        Standing::Disabled => ("messages.webhook_disabled", "管理员停用"),
    };
    if !store::stand(tx, id, webhook.version, standing, reason)? {
        return Err(Problem::stale(webhook.version).into());
    }
    if standing == Standing::Active {
        wake(tx, id, at)?;
    }
    record(tx, actor, kind, id, webhook.version + 1, webhook.tenant, at)
}

/// 换密钥；一天之内新旧两把都签。
///
/// # Errors
/// 没有权限、不在范围。
pub fn rotate(tx: &mut Tx<'_>, actor: &Actor, id: i64, secret: &str, at: Timestamp) -> Result<()> {
    let webhook = load(tx, actor, id)?;
    if !store::rotate(tx, id, webhook.version, secret, at + ROTATION)? {
        return Err(Problem::stale(webhook.version).into());
    }
    record(tx, actor, "messages.webhook_rotated", id, webhook.version + 1, webhook.tenant, at)
}

/// 发一条测试事件。
///
/// # Errors
/// 没有权限、不在范围、已停用。
pub fn test(tx: &mut Tx<'_>, actor: &Actor, id: i64, source: &str, at: Timestamp) -> Result<()> {
    let webhook = load(tx, actor, id)?;
    if webhook.standing == Standing::Disabled {
        return Err(Problem::conflict("这个订阅已停用，请先启用再发测试").into());
    }
    let event = format!("test-{}", tx.new_id());
    let body = events::envelope(&event, source, events::TEST, "test", at, &serde_json::json!({ "message": "通办的测试事件" }));
    store::add_delivery(tx, &NewDelivery { webhook: id, event: &event, kind: events::TEST, subject: "test", body: &body }, at)?;
    wake(tx, id, at)?;
    record(tx, actor, "messages.webhook_tested", id, webhook.version, webhook.tenant, at)
}

/// 删掉订阅与它的投递。
///
/// # Errors
/// 没有权限、不在范围。
pub fn unsubscribe(tx: &mut Tx<'_>, actor: &Actor, id: i64, at: Timestamp) -> Result<()> {
    let webhook = load(tx, actor, id)?;
    if !store::remove_webhook(tx, id, webhook.version)? {
        return Err(Problem::stale(webhook.version).into());
    }
    store::remove_deliveries(tx, id)?;
    record(tx, actor, "messages.webhook_removed", id, webhook.version + 1, webhook.tenant, at)
}

/// 重投一条已送达或死信，或（`delivery` 为空）全部死信。
///
/// # Errors
/// 没有权限、不在范围、没有可重投的。
pub fn redeliver(tx: &mut Tx<'_>, actor: &Actor, id: i64, delivery: Option<i64>, at: Timestamp) -> Result<()> {
    let webhook = load(tx, actor, id)?;
    let revived = match delivery {
        Some(delivery) => u64::from(store::revive(tx, id, delivery, at)?),
        None => store::revive_dead(tx, id, at)?,
    };
    if revived == 0 {
        return Err(Problem::conflict("没有可以重投的：它可能正等着投递").into());
    }
    wake(tx, id, at)?;
    record(tx, actor, "messages.webhook_redelivered", id, webhook.version, webhook.tenant, at)
}

/// 下一件投递任务；已有不晚于它、还没人领的就不再下，断线再久任务也不会越积越多。
///
/// # Errors
/// 引擎拒绝。
pub fn wake(tx: &mut Tx<'_>, webhook: i64, at: Timestamp) -> Result<()> {
    let payload = serde_json::json!({ "webhook": webhook }).to_string();
    if jobs::is_waiting(tx, crate::dispatch::JOB, &payload, at)? {
        return Ok(());
    }
    tx.enqueue(crate::dispatch::JOB, &payload, at).map(|_| ())
}

/// 端点退信或死信出现：停用并记一条日志，管理员在待办里看得到。
pub(crate) fn give_up(tx: &mut Tx<'_>, webhook: &Webhook, reason: &str, at: Timestamp) -> Result<()> {
    if store::disable(tx, webhook.id, reason)? {
        record(tx, &Actor::system(), "messages.webhook_failed", webhook.id, webhook.version + 1, webhook.tenant, at)?;
    }
    Ok(())
}
