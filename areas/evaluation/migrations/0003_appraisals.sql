-- 综合点评（不绑办件，对机构、平台、政策）与监督查评（督查组、第三方录入检查单）

CREATE TABLE evaluation_appraisals (
  id BIGINT NOT NULL PRIMARY KEY,
  target TEXT NOT NULL, -- org、platform、policy
  org BIGINT NOT NULL, -- 不是机构为 0
  target_name TEXT NOT NULL,
  tenant BIGINT NOT NULL,
  level BIGINT NOT NULL,
  content BYTEA, -- 建议，加密
  person BIGINT NOT NULL, -- 匿名为 0
  review BIGINT NOT NULL,
  answer TEXT NOT NULL,
  at BIGINT NOT NULL,
  version BIGINT NOT NULL
);

CREATE INDEX evaluation_appraisals_tenant ON evaluation_appraisals (tenant, id);
CREATE INDEX evaluation_appraisals_open ON evaluation_appraisals (review, id);

CREATE TABLE evaluation_inspections (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  org_name TEXT NOT NULL,
  way TEXT NOT NULL, -- open 明查、covert 暗访、third_party 第三方抽样
  day BIGINT NOT NULL,
  inspector TEXT NOT NULL,
  level BIGINT NOT NULL,
  found TEXT NOT NULL,
  due_day BIGINT NOT NULL, -- 没有问题为 0
  state TEXT NOT NULL,
  mended TEXT NOT NULL,
  at BIGINT NOT NULL,
  closed BIGINT,
  version BIGINT NOT NULL
);

CREATE INDEX evaluation_inspections_tenant ON evaluation_inspections (tenant, id);
CREATE INDEX evaluation_inspections_unit ON evaluation_inspections (unit, id);
CREATE INDEX evaluation_inspections_org ON evaluation_inspections (org, id);
