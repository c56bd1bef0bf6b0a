-- 各页签件数：与主表在同一个单元里加减，读的时候不用数；黄红灯与我办的各有小索引

CREATE TABLE cases_counters (
  org BIGINT NOT NULL,
  tab TEXT NOT NULL,
  light TEXT NOT NULL,
  lane BIGINT NOT NULL,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (org, tab, light, lane)
);

CREATE INDEX cases_counters_unit ON cases_counters (unit, tab, light, n);
CREATE INDEX cases_counters_tenant ON cases_counters (tenant, tab, light, n);

INSERT INTO cases_counters (org, tab, light, lane, tenant, unit, n)
  SELECT org, tab, light, 0, tenant, unit, COUNT(*) FROM cases_cases WHERE is_open = 1 GROUP BY org, tab, light, tenant, unit;

CREATE INDEX cases_cases_tenant_red ON cases_cases (tenant, sort_due, id) WHERE is_open = 1 AND light = 'red';
CREATE INDEX cases_cases_unit_red ON cases_cases (unit, sort_due, id) WHERE is_open = 1 AND light = 'red';
CREATE INDEX cases_cases_org_red ON cases_cases (org, sort_due, id) WHERE is_open = 1 AND light = 'red';
CREATE INDEX cases_cases_tenant_yellow ON cases_cases (tenant, sort_due, id) WHERE is_open = 1 AND light = 'yellow';
CREATE INDEX cases_cases_unit_yellow ON cases_cases (unit, sort_due, id) WHERE is_open = 1 AND light = 'yellow';
CREATE INDEX cases_cases_org_yellow ON cases_cases (org, sort_due, id) WHERE is_open = 1 AND light = 'yellow';

DROP INDEX cases_cases_handler;
CREATE INDEX cases_cases_mine ON cases_cases (handler, sort_due, id) WHERE is_open = 1 AND handler > 0;
DROP INDEX cases_cases_bundle;
CREATE INDEX cases_cases_bundle ON cases_cases (bundle, id) WHERE bundle > 0;
DROP INDEX cases_cases_external;
CREATE UNIQUE INDEX cases_cases_external ON cases_cases (external_system, external_no) WHERE external_no IS NOT NULL;
DROP INDEX cases_cases_clock;
CREATE INDEX cases_cases_clock ON cases_cases (next_clock_at, id) WHERE next_clock_at IS NOT NULL;
DROP INDEX cases_cases_decided;
CREATE INDEX cases_cases_decided ON cases_cases (org, decided_at, id) WHERE decided_at IS NOT NULL;
DROP INDEX cases_cases_accepted;
CREATE INDEX cases_cases_accepted ON cases_cases (org, accepted_at, id) WHERE accepted_at IS NOT NULL;
DROP INDEX cases_cases_red;
CREATE INDEX cases_cases_red ON cases_cases (org, first_red, id) WHERE first_red IS NOT NULL;
