-- 基础信息配置核对台账：一机构一类（区划、组织机构、服务信息）一项
CREATE TABLE directory_configs (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  class TEXT NOT NULL,
  faults TEXT NOT NULL,
  doubt TEXT NOT NULL,
  checked BIGINT NOT NULL,
  facts TEXT NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX directory_configs_class ON directory_configs (org, class);
CREATE INDEX directory_configs_org ON directory_configs (org, id);
