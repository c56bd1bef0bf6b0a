-- 按岗位统计、四川维度（选填）、评价仪绑定：一个窗口一台，绑定之后别的设备不能冒充

ALTER TABLE evaluation_invitations ADD COLUMN post BIGINT NOT NULL DEFAULT 0;

CREATE TABLE evaluation_dimensions (
  rating BIGINT NOT NULL,
  code TEXT NOT NULL,
  score BIGINT NOT NULL,
  PRIMARY KEY (rating, code)
);

CREATE TABLE evaluation_devices (
  window_id BIGINT NOT NULL PRIMARY KEY,
  device BYTEA NOT NULL, -- 设备记号的带钥散列；解除绑定后为空
  bound BIGINT NOT NULL,
  seen BIGINT NOT NULL, -- 最近一次报到
  version BIGINT NOT NULL
);
