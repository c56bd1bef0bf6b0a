-- 日志链、游标、检查点、任务、编号、节点、文件：foundations §4、§6

CREATE TABLE lanes (
  lane BIGINT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  until BIGINT NOT NULL
);

CREATE TABLE journal (
  lane BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  tenant BIGINT NOT NULL,
  actor BIGINT NOT NULL,
  post BIGINT,
  kind TEXT NOT NULL,
  subject BIGINT NOT NULL,
  rev BIGINT NOT NULL,
  body TEXT NOT NULL,
  hash BYTEA NOT NULL,
  PRIMARY KEY (lane, seq)
);

CREATE INDEX journal_subject ON journal (subject, rev);

CREATE TABLE cursors (
  reader TEXT NOT NULL,
  lane BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (reader, lane)
);

CREATE TABLE reaction_failures (
  id BIGINT NOT NULL PRIMARY KEY,
  reader TEXT NOT NULL,
  lane BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  error TEXT NOT NULL,
  tries BIGINT NOT NULL,
  done BIGINT NOT NULL
);

CREATE INDEX reaction_failures_open ON reaction_failures (done, id);

CREATE TABLE checkpoints (
  number BIGINT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  heads TEXT NOT NULL,
  entries BIGINT NOT NULL,
  root BYTEA NOT NULL,
  previous BYTEA NOT NULL,
  signature BYTEA
);

CREATE TABLE jobs (
  id BIGINT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  due BIGINT NOT NULL,
  state BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  owner TEXT NOT NULL,
  until BIGINT NOT NULL,
  created BIGINT NOT NULL,
  finished BIGINT,
  progress BIGINT NOT NULL,
  error TEXT
);

CREATE INDEX jobs_due ON jobs (state, due, id);

CREATE TABLE numbers (
  series TEXT NOT NULL,
  day BIGINT NOT NULL,
  last BIGINT NOT NULL,
  PRIMARY KEY (series, day)
);

CREATE TABLE nodes (
  node BIGINT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  until BIGINT NOT NULL
);

CREATE TABLE files (
  digest TEXT NOT NULL PRIMARY KEY,
  size BIGINT NOT NULL,
  media TEXT NOT NULL,
  stored BIGINT NOT NULL
);
