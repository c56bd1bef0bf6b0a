-- 一件事：一次申请、几个子件，前置办成了后面的自动提交

CREATE TABLE cases_bundles (
  id BIGINT NOT NULL PRIMARY KEY,
  bundle_no TEXT NOT NULL,
  number BIGINT NOT NULL,
  name TEXT NOT NULL,
  tenant BIGINT NOT NULL,
  account BIGINT NOT NULL,
  person BIGINT NOT NULL,
  legal_entity BIGINT NOT NULL,
  state TEXT NOT NULL,
  total_days BIGINT NOT NULL,
  body BYTEA NOT NULL,
  submitted_at BIGINT NOT NULL,
  ended_at BIGINT,
  version BIGINT NOT NULL
);

CREATE UNIQUE INDEX cases_bundles_no ON cases_bundles (bundle_no);
CREATE INDEX cases_bundles_person ON cases_bundles (person, legal_entity, id);

CREATE TABLE cases_bundle_members (
  bundle BIGINT NOT NULL,
  position BIGINT NOT NULL,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  dept TEXT NOT NULL,
  code TEXT NOT NULL,
  after TEXT NOT NULL,
  state TEXT NOT NULL,
  case_id BIGINT NOT NULL,
  case_no TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (bundle, key)
);
