-- 事件订阅与投递；密钥加密存放，轮换期新旧两把都签
CREATE TABLE messages_webhooks (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  url TEXT NOT NULL,
  description TEXT NOT NULL,
  event_types TEXT NOT NULL,
  secret BYTEA NOT NULL,
  old_secret BYTEA,
  old_until BIGINT,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  failures BIGINT NOT NULL,
  paused_until BIGINT NOT NULL,
  leased_until BIGINT NOT NULL,
  created BIGINT NOT NULL,
  version BIGINT NOT NULL
);

CREATE INDEX messages_webhooks_tenant ON messages_webhooks (tenant, id);
CREATE INDEX messages_webhooks_state ON messages_webhooks (state, id);

-- 一个订阅的一次事件；state 0 待投递、1 已送达、2 死信
CREATE TABLE messages_deliveries (
  id BIGINT NOT NULL PRIMARY KEY,
  webhook BIGINT NOT NULL,
  event TEXT NOT NULL,
  type TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  state BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  created BIGINT NOT NULL,
  last_at BIGINT,
  last_status BIGINT,
  last_error TEXT NOT NULL
);

CREATE UNIQUE INDEX messages_deliveries_event ON messages_deliveries (webhook, event);
CREATE INDEX messages_deliveries_due ON messages_deliveries (webhook, state, next_at, id);
CREATE INDEX messages_deliveries_subject ON messages_deliveries (webhook, subject, state, id);
CREATE INDEX messages_deliveries_listed ON messages_deliveries (webhook, state, id);
