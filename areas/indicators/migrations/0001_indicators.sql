-- 累计：grain 0 日、1 月、2 去重的期。day 形如 20261122，月行 20261100，去重按期代号。
CREATE TABLE indicators_tally (
  gen BIGINT NOT NULL,
  grain BIGINT NOT NULL,
  measure TEXT NOT NULL,
  day BIGINT NOT NULL,
  org BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (gen, grain, measure, day, org)
);

-- 在场：去重度量里一个键出现的次数；由 0 变正、由正变 0 才动累计
CREATE TABLE indicators_presence (
  gen BIGINT NOT NULL,
  measure TEXT NOT NULL,
  period BIGINT NOT NULL,
  org BIGINT NOT NULL,
  k BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (gen, measure, period, org, k)
);

-- 动过、还没有重算成指标值的（度量，月）；n 每动一次加一
CREATE TABLE indicators_touched (
  measure TEXT NOT NULL,
  month BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (measure, month)
);

-- 每日快照：当天的行会动，过了 24 时不再改；更正另加 edition
CREATE TABLE indicators_figures (
  indicator TEXT NOT NULL,
  org BIGINT NOT NULL,
  period BIGINT NOT NULL,
  as_of BIGINT NOT NULL,
  edition BIGINT NOT NULL,
  num BIGINT NOT NULL,
  den BIGINT,
  rules TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (indicator, org, period, as_of, edition)
);

-- 页面读的：每个（机构，期，指标）最新的一行
CREATE TABLE indicators_current (
  org BIGINT NOT NULL,
  period BIGINT NOT NULL,
  indicator TEXT NOT NULL,
  tenant BIGINT NOT NULL,
  num BIGINT NOT NULL,
  den BIGINT,
  as_of BIGINT NOT NULL,
  PRIMARY KEY (org, period, indicator)
);

CREATE INDEX indicators_current_tenant ON indicators_current (tenant, period, indicator);
CREATE INDEX indicators_current_indicator ON indicators_current (indicator, period, org);

-- 人工填报：谁、何时、填多少、凭什么；改一次加一行，旧的留着
CREATE TABLE indicators_reports (
  id BIGINT NOT NULL PRIMARY KEY,
  indicator TEXT NOT NULL,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  period BIGINT NOT NULL,
  edition BIGINT NOT NULL,
  num BIGINT NOT NULL,
  den BIGINT,
  evidence TEXT NOT NULL,
  who TEXT NOT NULL,
  at BIGINT NOT NULL,
  UNIQUE (indicator, org, period, edition)
);

CREATE INDEX indicators_reports_org ON indicators_reports (org, period, indicator);

CREATE TABLE indicators_state (
  key TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);
