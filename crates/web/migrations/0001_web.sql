-- 幂等键：与业务写入同一事务（api-conventions §6）
CREATE TABLE web_once (
  key TEXT NOT NULL PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  at BIGINT NOT NULL,
  status BIGINT,
  headers TEXT,
  body BYTEA
);

CREATE INDEX web_once_at ON web_once (at);

-- 登录、查进度等按次数锁定的计数，各节点共用
CREATE TABLE web_attempts (
  key TEXT NOT NULL PRIMARY KEY,
  failures BIGINT NOT NULL,
  since BIGINT NOT NULL
);
