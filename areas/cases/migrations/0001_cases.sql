-- 办件：主表、草稿、材料、过程、补正、特别程序、文书、监察异常、事项快照

CREATE TABLE cases_cases (
  id BIGINT NOT NULL PRIMARY KEY,
  case_no TEXT NOT NULL,
  version BIGINT NOT NULL,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  window_org BIGINT NOT NULL,
  org_name TEXT NOT NULL,
  item_id BIGINT NOT NULL,
  item_version BIGINT NOT NULL,
  item_code TEXT NOT NULL,
  item_name TEXT NOT NULL,
  task_type TEXT NOT NULL,
  instant BIGINT NOT NULL,
  single_post BIGINT NOT NULL,
  channel BIGINT NOT NULL,
  state TEXT NOT NULL,
  step TEXT,
  handler BIGINT NOT NULL,
  handler_name TEXT NOT NULL,
  account BIGINT NOT NULL,
  person BIGINT NOT NULL,
  legal_entity BIGINT NOT NULL,
  applicant_shown TEXT NOT NULL,
  summary TEXT NOT NULL,
  delivery TEXT NOT NULL,
  promise_days BIGINT NOT NULL,
  legal_days BIGINT NOT NULL,
  extension_days BIGINT NOT NULL,
  submitted_at BIGINT NOT NULL,
  counted_on BIGINT NOT NULL,
  received_at BIGINT,
  accepted_at BIGINT,
  accepted_on BIGINT,
  auto_accepted BIGINT NOT NULL,
  decided_at BIGINT,
  ended_at BIGINT,
  corrections BIGINT NOT NULL,
  correction_due BIGINT,
  deferred_due BIGINT,
  outcome TEXT,
  result_note TEXT NOT NULL,
  revoked_on BIGINT,
  on_time BIGINT,
  early BIGINT,
  used_days BIGINT,
  external_system TEXT,
  external_no TEXT,
  linked_in_time BIGINT,
  due BIGINT,
  yellow_from BIGINT,
  legal_due BIGINT,
  light TEXT NOT NULL,
  red_spans TEXT NOT NULL,
  first_red BIGINT,
  clock_done BIGINT,
  next_clock_at BIGINT,
  tab TEXT NOT NULL,
  is_open BIGINT NOT NULL,
  sort_due BIGINT NOT NULL,
  applicant BYTEA NOT NULL,
  form BYTEA NOT NULL,
  situations TEXT NOT NULL,
  access_code BYTEA NOT NULL,
  name_digest BYTEA NOT NULL,
  id_digest BYTEA NOT NULL
);

CREATE UNIQUE INDEX cases_cases_no ON cases_cases (case_no);
CREATE UNIQUE INDEX cases_cases_external ON cases_cases (external_system, external_no);
CREATE INDEX cases_cases_tenant_open ON cases_cases (tenant, is_open, sort_due, id);
CREATE INDEX cases_cases_unit_open ON cases_cases (unit, is_open, sort_due, id);
CREATE INDEX cases_cases_org_open ON cases_cases (org, is_open, sort_due, id);
CREATE INDEX cases_cases_tenant_tab ON cases_cases (tenant, tab, sort_due, id);
CREATE INDEX cases_cases_unit_tab ON cases_cases (unit, tab, sort_due, id);
CREATE INDEX cases_cases_org_tab ON cases_cases (org, tab, sort_due, id);
CREATE INDEX cases_cases_clock ON cases_cases (next_clock_at, id);
CREATE INDEX cases_cases_person ON cases_cases (person, legal_entity, id);
CREATE INDEX cases_cases_legal ON cases_cases (legal_entity, id);
CREATE INDEX cases_cases_identity ON cases_cases (id_digest, id);
CREATE INDEX cases_cases_name ON cases_cases (name_digest, id);
CREATE INDEX cases_cases_item ON cases_cases (item_id, id);
CREATE INDEX cases_cases_submitted ON cases_cases (org, submitted_at, id);
CREATE INDEX cases_cases_decided ON cases_cases (org, decided_at, id);
CREATE INDEX cases_cases_accepted ON cases_cases (org, accepted_at, id);
CREATE INDEX cases_cases_red ON cases_cases (org, first_red, id);

CREATE TABLE cases_drafts (
  id BIGINT NOT NULL PRIMARY KEY,
  token TEXT NOT NULL,
  account BIGINT NOT NULL,
  person BIGINT NOT NULL,
  legal_entity BIGINT NOT NULL,
  item_code TEXT NOT NULL,
  item_name TEXT NOT NULL,
  item_id BIGINT NOT NULL,
  item_version BIGINT NOT NULL,
  body BYTEA NOT NULL,
  version BIGINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  case_no TEXT
);

CREATE UNIQUE INDEX cases_drafts_token ON cases_drafts (token);
CREATE INDEX cases_drafts_mine ON cases_drafts (account, updated, id);
CREATE INDEX cases_drafts_updated ON cases_drafts (updated, id);

CREATE TABLE cases_materials (
  id BIGINT NOT NULL PRIMARY KEY,
  case_id BIGINT NOT NULL,
  position BIGINT NOT NULL,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  need BIGINT NOT NULL,
  copies BIGINT NOT NULL,
  status TEXT NOT NULL,
  remark TEXT NOT NULL,
  files TEXT NOT NULL
);

CREATE UNIQUE INDEX cases_materials_key ON cases_materials (case_id, key);

CREATE TABLE cases_steps (
  id BIGINT NOT NULL PRIMARY KEY,
  case_id BIGINT NOT NULL,
  action TEXT NOT NULL,
  name TEXT NOT NULL,
  step TEXT,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  staff BIGINT NOT NULL,
  actor_name TEXT NOT NULL,
  opinion TEXT NOT NULL,
  is_public BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL
);

CREATE INDEX cases_steps_case ON cases_steps (case_id, id);

CREATE TABLE cases_corrections (
  id BIGINT NOT NULL PRIMARY KEY,
  case_id BIGINT NOT NULL,
  round BIGINT NOT NULL,
  points TEXT NOT NULL,
  due_on BIGINT NOT NULL,
  issued_at BIGINT NOT NULL,
  supplied_at BIGINT
);

CREATE UNIQUE INDEX cases_corrections_round ON cases_corrections (case_id, round);

CREATE TABLE cases_procedures (
  id BIGINT NOT NULL PRIMARY KEY,
  case_id BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  reason TEXT NOT NULL,
  notice TEXT,
  stops BIGINT NOT NULL,
  planned_days BIGINT NOT NULL,
  planned_end BIGINT NOT NULL,
  started_on BIGINT NOT NULL,
  ended_on BIGINT,
  result TEXT NOT NULL,
  staff BIGINT NOT NULL
);

CREATE INDEX cases_procedures_case ON cases_procedures (case_id, id);

CREATE TABLE cases_documents (
  id BIGINT NOT NULL PRIMARY KEY,
  case_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  number TEXT NOT NULL,
  content TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  issued_by TEXT NOT NULL
);

CREATE UNIQUE INDEX cases_documents_number ON cases_documents (number);
CREATE INDEX cases_documents_case ON cases_documents (case_id, id);

CREATE TABLE cases_anomalies (
  id BIGINT NOT NULL PRIMARY KEY,
  case_id BIGINT NOT NULL,
  case_no TEXT NOT NULL,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  code TEXT NOT NULL,
  detail TEXT NOT NULL,
  raised_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  note TEXT NOT NULL
);

CREATE UNIQUE INDEX cases_anomalies_once ON cases_anomalies (case_id, code);
CREATE INDEX cases_anomalies_tenant ON cases_anomalies (tenant, state, id);
CREATE INDEX cases_anomalies_unit ON cases_anomalies (unit, state, id);
CREATE INDEX cases_anomalies_org ON cases_anomalies (org, state, id);

CREATE TABLE cases_snapshots (
  item_id BIGINT NOT NULL,
  version BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (item_id, version)
);
