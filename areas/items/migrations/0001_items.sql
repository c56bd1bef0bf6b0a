-- 目录清单：省里定的名称、类型、依据、层级，市县不可改
CREATE TABLE items_catalogues (
  id BIGINT NOT NULL PRIMARY KEY,
  code TEXT NOT NULL,
  local_code TEXT NOT NULL,
  name TEXT NOT NULL,
  main_name TEXT NOT NULL,
  task_type TEXT NOT NULL,
  levels TEXT NOT NULL,
  basis TEXT NOT NULL,
  state TEXT NOT NULL,
  version BIGINT NOT NULL,
  updated BIGINT NOT NULL
);
CREATE UNIQUE INDEX items_catalogues_code ON items_catalogues (code);
CREATE UNIQUE INDEX items_catalogues_name ON items_catalogues (task_type, name);

-- 实施清单与待认领池：一个主体对一条目录至多一条没取消的
CREATE TABLE items_implementations (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  catalogue BIGINT NOT NULL,
  code TEXT NOT NULL,
  level TEXT NOT NULL,
  dept_name TEXT NOT NULL,
  dept_code TEXT NOT NULL,
  division TEXT NOT NULL,
  local_code TEXT NOT NULL,
  local_dept_code TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  pooled BIGINT NOT NULL,
  overdue BIGINT NOT NULL,
  last_number BIGINT NOT NULL,
  clock BIGINT,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX items_implementations_code ON items_implementations (code);
CREATE INDEX items_implementations_catalogue ON items_implementations (catalogue, org);
CREATE INDEX items_implementations_tenant ON items_implementations (tenant, state, pooled, id);
CREATE INDEX items_implementations_unit ON items_implementations (unit, state, pooled, id);
CREATE INDEX items_implementations_org ON items_implementations (org, state, pooled, id);
CREATE INDEX items_implementations_clock ON items_implementations (clock, id);

-- 办理项：受理、评价、指标都落在这一层
CREATE TABLE items_items (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  implementation BIGINT NOT NULL,
  catalogue BIGINT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  task_type TEXT NOT NULL,
  level TEXT NOT NULL,
  dept_name TEXT NOT NULL,
  state TEXT NOT NULL,
  revision TEXT NOT NULL,
  desk TEXT NOT NULL,
  version BIGINT NOT NULL,
  edition BIGINT NOT NULL,
  complete BIGINT NOT NULL,
  depth TEXT NOT NULL,
  visits BIGINT NOT NULL,
  promise TEXT NOT NULL,
  errors BIGINT NOT NULL,
  warnings BIGINT NOT NULL,
  wrong BIGINT NOT NULL,
  notice TEXT NOT NULL,
  resume_day BIGINT NOT NULL,
  reporter BIGINT NOT NULL,
  opinion TEXT NOT NULL,
  effect BIGINT,
  draft TEXT NOT NULL,
  facts TEXT NOT NULL,
  touched BIGINT NOT NULL
);
CREATE UNIQUE INDEX items_items_code ON items_items (code);
CREATE INDEX items_items_implementation ON items_items (implementation, id);
CREATE INDEX items_items_catalogue ON items_items (catalogue, id);
CREATE INDEX items_items_tenant ON items_items (tenant, desk, touched, id);
CREATE INDEX items_items_unit ON items_items (unit, desk, touched, id);
CREATE INDEX items_items_org ON items_items (org, desk, touched, id);
CREATE INDEX items_items_effect ON items_items (effect, id);

-- 发布的版本：整份不可变快照，办件引用“事项编码 + 版本”
CREATE TABLE items_editions (
  item BIGINT NOT NULL,
  edition BIGINT NOT NULL,
  code TEXT NOT NULL,
  guide TEXT NOT NULL,
  published BIGINT NOT NULL,
  PRIMARY KEY (item, edition)
);

-- 公开书架：一个标签一列，按读音排；筛选走这里
CREATE TABLE items_shelf (
  tag TEXT NOT NULL,
  sort TEXT NOT NULL,
  item BIGINT NOT NULL,
  PRIMARY KEY (tag, sort, item)
);
CREATE UNIQUE INDEX items_shelf_item ON items_shelf (item, tag);

-- 指标时段：某日在用的办理项是什么样，下钻用
CREATE TABLE items_spans (
  item BIGINT NOT NULL,
  day_from BIGINT NOT NULL,
  day_until BIGINT NOT NULL,
  org BIGINT NOT NULL,
  flags BIGINT NOT NULL,
  visits BIGINT NOT NULL,
  legal BIGINT NOT NULL,
  promise BIGINT NOT NULL,
  PRIMARY KEY (item, day_from)
);
CREATE INDEX items_spans_org ON items_spans (org, item);

-- 质量检查结果：每个办理项最近一次
CREATE TABLE items_findings (
  item BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL,
  field TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (item, seq)
);
CREATE INDEX items_findings_tenant ON items_findings (tenant, severity, item, seq);
CREATE INDEX items_findings_unit ON items_findings (unit, severity, item, seq);
CREATE INDEX items_findings_org ON items_findings (org, severity, item, seq);

-- 导入发现的脏数据：只记问题，不妨碍导入
CREATE TABLE items_problems (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  source TEXT NOT NULL,
  line BIGINT NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  message TEXT NOT NULL,
  state TEXT NOT NULL,
  found BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX items_problems_key ON items_problems (source, line, kind);
CREATE INDEX items_problems_tenant ON items_problems (tenant, state, id);
CREATE INDEX items_problems_unit ON items_problems (unit, state, id);
CREATE INDEX items_problems_org ON items_problems (org, state, id);

-- 指南纠错：群众说哪里不对，编辑来改
CREATE TABLE items_corrections (
  id BIGINT NOT NULL PRIMARY KEY,
  number TEXT NOT NULL,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  item BIGINT NOT NULL,
  edition BIGINT NOT NULL,
  part TEXT NOT NULL,
  text TEXT NOT NULL,
  contact BYTEA NOT NULL,
  state TEXT NOT NULL,
  answer TEXT NOT NULL,
  created BIGINT NOT NULL,
  due BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX items_corrections_number ON items_corrections (number);
CREATE INDEX items_corrections_tenant ON items_corrections (tenant, state, due, id);
CREATE INDEX items_corrections_unit ON items_corrections (unit, state, due, id);
CREATE INDEX items_corrections_org ON items_corrections (org, state, due, id);

-- 一件事
CREATE TABLE items_bundles (
  id BIGINT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL,
  name TEXT NOT NULL,
  object TEXT NOT NULL,
  lead TEXT NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX items_bundles_number ON items_bundles (number);
CREATE TABLE items_bundle_members (
  bundle BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  name TEXT NOT NULL,
  catalogue BIGINT NOT NULL,
  PRIMARY KEY (bundle, seq)
);

-- 没搜到的词与“我想办”
CREATE TABLE items_misses (
  words TEXT NOT NULL PRIMARY KEY,
  n BIGINT NOT NULL,
  first BIGINT NOT NULL,
  last BIGINT NOT NULL
);
CREATE INDEX items_misses_n ON items_misses (n, words);
CREATE TABLE items_wishes (
  id BIGINT NOT NULL PRIMARY KEY,
  words TEXT NOT NULL,
  text TEXT NOT NULL,
  created BIGINT NOT NULL
);
