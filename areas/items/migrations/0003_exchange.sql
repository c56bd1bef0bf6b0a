-- 导出按编码走
CREATE INDEX items_items_tenant_code ON items_items (tenant, code);
CREATE INDEX items_items_unit_code ON items_items (unit, code);
CREATE INDEX items_items_org_code ON items_items (org, code);

-- 一次导入：文件、进度、结果；错行另存
CREATE TABLE items_imports (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  account BIGINT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  file TEXT NOT NULL,
  keep BIGINT NOT NULL,
  state TEXT NOT NULL,
  total BIGINT NOT NULL,
  done BIGINT NOT NULL,
  added BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  same BIGINT NOT NULL,
  wrong BIGINT NOT NULL,
  note TEXT NOT NULL,
  created BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX items_imports_tenant ON items_imports (tenant, id);
CREATE TABLE items_import_errors (
  import BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  line BIGINT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  rule TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (import, seq)
);

-- 上级目录变了，下面的实施清单要跟着改
CREATE TABLE items_changes (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  implementation BIGINT NOT NULL,
  catalogue_version BIGINT NOT NULL,
  what TEXT NOT NULL,
  due BIGINT NOT NULL,
  state TEXT NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX items_changes_implementation ON items_changes (implementation, state);
CREATE INDEX items_changes_tenant ON items_changes (tenant, state, due, id);
CREATE INDEX items_changes_unit ON items_changes (unit, state, due, id);
CREATE INDEX items_changes_org ON items_changes (org, state, due, id);
