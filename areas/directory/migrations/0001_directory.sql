-- 区划：kind 法定 statutory、统计 statistical、已撤并 abolished
CREATE TABLE directory_divisions (
  code TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  level BIGINT NOT NULL,
  parent TEXT NOT NULL,
  kind TEXT NOT NULL,
  successor TEXT NOT NULL,
  source TEXT NOT NULL
);

CREATE INDEX directory_divisions_parent ON directory_divisions (parent, code);

-- 机构：unit 是它所属的部门或乡镇（部门、乡镇的 unit 是自己）
CREATE TABLE directory_orgs (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  parent BIGINT NOT NULL,
  name TEXT NOT NULL,
  short_name TEXT NOT NULL,
  kind BIGINT NOT NULL,
  code TEXT NOT NULL,
  division TEXT NOT NULL,
  doc_prefix TEXT NOT NULL,
  phone TEXT NOT NULL,
  complaint_phone TEXT NOT NULL,
  address TEXT NOT NULL,
  hours TEXT NOT NULL,
  status BIGINT NOT NULL,
  legacy_division TEXT NOT NULL,
  version BIGINT NOT NULL
);

CREATE UNIQUE INDEX directory_orgs_name ON directory_orgs (tenant, name);
CREATE INDEX directory_orgs_parent ON directory_orgs (parent, id);
CREATE INDEX directory_orgs_unit ON directory_orgs (unit, id);

CREATE TABLE directory_sites (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  name TEXT NOT NULL,
  address TEXT NOT NULL,
  phone TEXT NOT NULL,
  hours TEXT NOT NULL,
  note TEXT NOT NULL,
  division TEXT NOT NULL
);

CREATE UNIQUE INDEX directory_sites_name ON directory_sites (tenant, name);

CREATE TABLE directory_windows (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  site BIGINT NOT NULL,
  number TEXT NOT NULL,
  name TEXT NOT NULL,
  comprehensive BIGINT NOT NULL
);

CREATE UNIQUE INDEX directory_windows_number ON directory_windows (site, number);
CREATE INDEX directory_windows_org ON directory_windows (org, number);

-- 工作人员：person、account 由 parties 在实名之后回填
CREATE TABLE directory_staff (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  person BIGINT,
  real_level BIGINT NOT NULL,
  active BIGINT NOT NULL,
  joined_day BIGINT NOT NULL,
  real_day BIGINT,
  left_day BIGINT,
  version BIGINT NOT NULL
);

CREATE UNIQUE INDEX directory_staff_code ON directory_staff (tenant, code);
CREATE INDEX directory_staff_org ON directory_staff (org, id);
CREATE INDEX directory_staff_tenant ON directory_staff (tenant, id);
CREATE INDEX directory_staff_unit ON directory_staff (unit, id);

CREATE TABLE directory_posts (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  staff BIGINT NOT NULL,
  role TEXT NOT NULL,
  title TEXT NOT NULL,
  site_window BIGINT,
  backup BIGINT,
  away BIGINT NOT NULL,
  reach TEXT NOT NULL,
  from_day BIGINT NOT NULL,
  to_day BIGINT NOT NULL,
  version BIGINT NOT NULL
);

CREATE INDEX directory_posts_staff ON directory_posts (staff, id);
CREATE INDEX directory_posts_unit ON directory_posts (unit, role, id);

CREATE TABLE directory_role_permissions (
  role TEXT NOT NULL,
  permission TEXT NOT NULL,
  PRIMARY KEY (role, permission)
);
