-- 行业系统成批补录与对账

CREATE TABLE cases_mappings (
  tenant BIGINT NOT NULL,
  system TEXT NOT NULL,
  body TEXT NOT NULL,
  updated BIGINT NOT NULL,
  PRIMARY KEY (tenant, system)
);

CREATE TABLE cases_imports (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  org BIGINT NOT NULL,
  system TEXT NOT NULL,
  file TEXT NOT NULL,
  file_name TEXT NOT NULL,
  state TEXT NOT NULL,
  total BIGINT NOT NULL,
  done BIGINT NOT NULL,
  linked BIGINT NOT NULL,
  existed BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  late BIGINT NOT NULL,
  differs BIGINT NOT NULL,
  ours_only BIGINT NOT NULL,
  staff BIGINT NOT NULL,
  staff_name TEXT NOT NULL,
  created BIGINT NOT NULL,
  finished BIGINT,
  version BIGINT NOT NULL
);

CREATE INDEX cases_imports_tenant ON cases_imports (tenant, id);

CREATE TABLE cases_findings (
  import BIGINT NOT NULL,
  kind TEXT NOT NULL,
  line BIGINT NOT NULL,
  number TEXT NOT NULL,
  case_no TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (import, kind, line, number)
);
