-- 环节、征求意见、两人审批的申请、存下的筛选、告知承诺核查、异常的告知与申诉

ALTER TABLE cases_cases ADD COLUMN flow TEXT NOT NULL DEFAULT '';
ALTER TABLE cases_cases ADD COLUMN stage BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases_cases ADD COLUMN step_since BIGINT;
ALTER TABLE cases_cases ADD COLUMN bundle BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases_cases ADD COLUMN urged BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases_cases ADD COLUMN urged_at BIGINT;
CREATE INDEX cases_cases_bundle ON cases_cases (bundle, id);
CREATE INDEX cases_cases_handler ON cases_cases (handler, is_open, sort_due, id);

CREATE TABLE cases_flows (
  item_code TEXT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  item_name TEXT NOT NULL,
  version BIGINT NOT NULL,
  body TEXT NOT NULL,
  updated BIGINT NOT NULL,
  updated_by TEXT NOT NULL
);

CREATE TABLE cases_opinions (
  id BIGINT NOT NULL PRIMARY KEY,
  case_id BIGINT NOT NULL,
  case_no TEXT NOT NULL,
  item_name TEXT NOT NULL,
  asker TEXT NOT NULL,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  org_name TEXT NOT NULL,
  round BIGINT NOT NULL,
  question TEXT NOT NULL,
  state TEXT NOT NULL,
  is_open BIGINT NOT NULL,
  opinion TEXT NOT NULL,
  staff BIGINT NOT NULL,
  staff_name TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  signed_at BIGINT,
  answered_at BIGINT,
  due BIGINT NOT NULL,
  alarm_at BIGINT,
  version BIGINT NOT NULL
);

CREATE UNIQUE INDEX cases_opinions_case ON cases_opinions (case_id, org);
CREATE INDEX cases_opinions_tenant ON cases_opinions (tenant, is_open, due, id);
CREATE INDEX cases_opinions_unit ON cases_opinions (unit, is_open, due, id);
CREATE INDEX cases_opinions_org ON cases_opinions (org, is_open, due, id);
CREATE INDEX cases_opinions_alarm ON cases_opinions (alarm_at, id);

CREATE TABLE cases_proposals (
  id BIGINT NOT NULL PRIMARY KEY,
  case_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  reason TEXT NOT NULL,
  staff BIGINT NOT NULL,
  staff_name TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  decided_by BIGINT NOT NULL,
  decided_name TEXT NOT NULL,
  decided_at BIGINT
);

CREATE INDEX cases_proposals_case ON cases_proposals (case_id, id);

CREATE TABLE cases_views (
  id BIGINT NOT NULL PRIMARY KEY,
  staff BIGINT NOT NULL,
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  created BIGINT NOT NULL
);

CREATE UNIQUE INDEX cases_views_staff ON cases_views (staff, name);

CREATE TABLE cases_columns (
  staff BIGINT NOT NULL PRIMARY KEY,
  hidden TEXT NOT NULL
);

CREATE TABLE cases_commitments (
  id BIGINT NOT NULL PRIMARY KEY,
  case_id BIGINT NOT NULL,
  case_no TEXT NOT NULL,
  item_name TEXT NOT NULL,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  promised TEXT NOT NULL,
  due BIGINT NOT NULL,
  state TEXT NOT NULL,
  is_open BIGINT NOT NULL,
  note TEXT NOT NULL,
  staff_name TEXT NOT NULL,
  checked_at BIGINT,
  version BIGINT NOT NULL
);

CREATE UNIQUE INDEX cases_commitments_case ON cases_commitments (case_id);
CREATE INDEX cases_commitments_tenant ON cases_commitments (tenant, is_open, due, id);
CREATE INDEX cases_commitments_unit ON cases_commitments (unit, is_open, due, id);
CREATE INDEX cases_commitments_org ON cases_commitments (org, is_open, due, id);

ALTER TABLE cases_anomalies ADD COLUMN told_at BIGINT;
ALTER TABLE cases_anomalies ADD COLUMN answer_due BIGINT;
ALTER TABLE cases_anomalies ADD COLUMN answer TEXT NOT NULL DEFAULT '';
ALTER TABLE cases_anomalies ADD COLUMN answer_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE cases_anomalies ADD COLUMN answered_at BIGINT;
ALTER TABLE cases_anomalies ADD COLUMN finding TEXT NOT NULL DEFAULT '';
ALTER TABLE cases_anomalies ADD COLUMN found_at BIGINT;
ALTER TABLE cases_anomalies ADD COLUMN found_by TEXT NOT NULL DEFAULT '';
