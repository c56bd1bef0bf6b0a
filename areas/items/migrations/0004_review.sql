-- 审核人对单个要素的批注；再次上报即算解决
CREATE TABLE items_notes (
  id BIGINT NOT NULL PRIMARY KEY,
  item BIGINT NOT NULL,
  field TEXT NOT NULL,
  label TEXT NOT NULL,
  text TEXT NOT NULL,
  author BIGINT NOT NULL,
  at BIGINT NOT NULL,
  state TEXT NOT NULL
);
CREATE INDEX items_notes_item ON items_notes (item, state, id);

-- 办事指南抽查：随机抽的、查出什么错
CREATE TABLE items_guide_checks (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  batch BIGINT NOT NULL,
  item BIGINT NOT NULL,
  edition BIGINT NOT NULL,
  state TEXT NOT NULL,
  errors TEXT NOT NULL,
  inspector BIGINT NOT NULL,
  drawn BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX items_guide_checks_batch ON items_guide_checks (batch, item);
CREATE INDEX items_guide_checks_tenant ON items_guide_checks (tenant, state, id);
CREATE INDEX items_guide_checks_unit ON items_guide_checks (unit, state, id);
CREATE INDEX items_guide_checks_org ON items_guide_checks (org, state, id);

-- 主体更名换码：旧码 → 新码
CREATE TABLE items_old_codes (
  code TEXT NOT NULL PRIMARY KEY,
  item BIGINT NOT NULL,
  new_code TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX items_old_codes_item ON items_old_codes (item, at);

-- 下放：这条实施清单承接的是上级哪一个办理项；没有为 0
ALTER TABLE items_implementations ADD COLUMN devolved BIGINT NOT NULL DEFAULT 0;
