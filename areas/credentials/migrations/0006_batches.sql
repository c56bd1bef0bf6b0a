-- 成批录入：一份表一批，由任务逐块录入、逐块复核，断了接着做

CREATE TABLE credentials_batches (
  id TEXT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  file TEXT NOT NULL, -- 上传的表的摘要
  file_name TEXT NOT NULL,
  state BIGINT NOT NULL, -- 0 核对录入中 1 已录入 2 有错停下 3 复核中 4 已复核
  total BIGINT NOT NULL,
  done BIGINT NOT NULL, -- 录入到第几行
  errors TEXT NOT NULL, -- 每行的毛病，JSON
  account BIGINT NOT NULL, -- 录入人
  who TEXT NOT NULL,
  reviewer BIGINT NOT NULL,
  reviewer_name TEXT NOT NULL,
  created BIGINT NOT NULL,
  version BIGINT NOT NULL
);
