-- 待用印章：没有可用的章或授权的证照停在这里，章启用、授权之后叫醒

CREATE TABLE credentials_waits (
  licence BIGINT NOT NULL PRIMARY KEY,
  unit BIGINT NOT NULL,
  what TEXT NOT NULL, -- 证照类型名，对授权的范围
  account BIGINT NOT NULL, -- 复核人的账号；0 为办结自动出证
  batch TEXT NOT NULL, -- 成批用印的批次；单张为空
  reason TEXT NOT NULL,
  since BIGINT NOT NULL
);
CREATE INDEX credentials_waits_unit ON credentials_waits (unit, licence);
