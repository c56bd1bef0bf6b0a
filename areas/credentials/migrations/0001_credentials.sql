-- 印章与证照：密钥与信任、印章与授权、用印日志、证照类型、证照、亮证、用证记录、加注件、应录数、省统计表

CREATE TABLE credentials_keys (
  id BIGINT NOT NULL PRIMARY KEY,
  purpose TEXT NOT NULL UNIQUE, -- root 演示根、maker 制章者、offline 离线亮证
  name TEXT NOT NULL,
  cert BYTEA NOT NULL,
  wrapped BYTEA NOT NULL, -- 私钥，SM4-GCM 封装，封装的密钥由主钥派生、不落库
  created BIGINT NOT NULL
);

CREATE TABLE credentials_anchors (
  id BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  fingerprint TEXT NOT NULL UNIQUE,
  cert BYTEA NOT NULL,
  added BIGINT NOT NULL
);

CREATE TABLE credentials_seals (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  org_name TEXT NOT NULL,
  uscc TEXT NOT NULL,
  region TEXT NOT NULL,
  town BIGINT NOT NULL,
  kind BIGINT NOT NULL, -- 印章类型代码，1 为电子法定名称章
  legal_org BIGINT UNIQUE, -- 占着的“一单位一枚法定名称章”；注销、作废后为空
  name TEXT NOT NULL,
  purpose TEXT NOT NULL,
  state BIGINT NOT NULL,
  es_id TEXT NOT NULL,
  scope TEXT NOT NULL, -- 使用范围
  keeper TEXT NOT NULL,
  applicant BIGINT NOT NULL,
  applicant_name TEXT NOT NULL,
  reviewer BIGINT NOT NULL,
  reason TEXT NOT NULL,
  batch TEXT NOT NULL,
  esl BYTEA,
  cert BYTEA,
  wrapped BYTEA,
  valid_from BIGINT NOT NULL,
  valid_to BIGINT NOT NULL,
  expected_day BIGINT NOT NULL,
  applied_day BIGINT NOT NULL,
  made_day BIGINT NOT NULL,
  authorized_day BIGINT NOT NULL,
  active_day BIGINT NOT NULL,
  reminded BIGINT NOT NULL,
  next_clock_at BIGINT,
  version BIGINT NOT NULL
);
CREATE INDEX credentials_seals_tenant ON credentials_seals (tenant, id);
CREATE INDEX credentials_seals_unit ON credentials_seals (unit, id);
CREATE INDEX credentials_seals_org ON credentials_seals (org, id);
CREATE INDEX credentials_seals_clock ON credentials_seals (next_clock_at, id);
CREATE INDEX credentials_seals_es ON credentials_seals (es_id);

CREATE TABLE credentials_grants (
  id BIGINT NOT NULL PRIMARY KEY,
  seal BIGINT NOT NULL,
  staff BIGINT NOT NULL, -- 被授权人的账号；0 为机用授权（办结即出证）
  staff_name TEXT NOT NULL,
  scope TEXT NOT NULL, -- 证照类型名，逗号隔开；空为不限
  valid_from BIGINT NOT NULL,
  valid_to BIGINT NOT NULL,
  most BIGINT NOT NULL, -- 次数上限，0 不限
  used BIGINT NOT NULL,
  granted_by TEXT NOT NULL,
  at BIGINT NOT NULL,
  revoked BIGINT NOT NULL
);
CREATE INDEX credentials_grants_seal ON credentials_grants (seal, id);

CREATE TABLE credentials_uses (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  seal BIGINT NOT NULL,
  es_id TEXT NOT NULL,
  seal_name TEXT NOT NULL,
  grant_id BIGINT NOT NULL,
  who TEXT NOT NULL,
  account BIGINT NOT NULL,
  source TEXT NOT NULL, -- 办件编号、证照标识、文书号
  item_code TEXT NOT NULL,
  purpose TEXT NOT NULL,
  file_name TEXT NOT NULL,
  before_digest TEXT NOT NULL,
  after_digest TEXT NOT NULL,
  place TEXT NOT NULL, -- 页与位置
  ip TEXT NOT NULL,
  request TEXT NOT NULL,
  at BIGINT NOT NULL,
  result BIGINT NOT NULL, -- 1 成 0 败
  reason TEXT NOT NULL,
  digest TEXT NOT NULL -- 规范化记录的 SM3，同时写进日志链
);
CREATE INDEX credentials_uses_tenant ON credentials_uses (tenant, id);
CREATE INDEX credentials_uses_unit ON credentials_uses (unit, id);
CREATE INDEX credentials_uses_org ON credentials_uses (org, id);
CREATE INDEX credentials_uses_seal ON credentials_uses (seal, id);

CREATE TABLE credentials_kinds (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  spec TEXT NOT NULL, -- 字段、版式、有效期、亮证与共享规则，JSON
  state BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX credentials_kinds_name ON credentials_kinds (tenant, name);
CREATE INDEX credentials_kinds_unit ON credentials_kinds (unit, id);

CREATE TABLE credentials_licences (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  identifier TEXT NOT NULL UNIQUE,
  kind BIGINT NOT NULL,
  kind_name TEXT NOT NULL,
  number TEXT NOT NULL,
  edition BIGINT NOT NULL,
  stem TEXT NOT NULL, -- 同一流水的各版共用
  state BIGINT NOT NULL,
  issuer TEXT NOT NULL,
  issuer_code TEXT NOT NULL,
  legal BIGINT NOT NULL,
  holder_name BYTEA NOT NULL,
  holder_code BYTEA NOT NULL,
  holder_masked TEXT NOT NULL,
  code_masked TEXT NOT NULL,
  holder_digest BYTEA NOT NULL,
  person BIGINT NOT NULL,
  legal_entity BIGINT NOT NULL,
  fields BYTEA NOT NULL, -- 各字段，加密的 JSON
  area_code TEXT NOT NULL,
  item_code TEXT NOT NULL,
  item_name TEXT NOT NULL,
  case_no TEXT NOT NULL,
  case_id BIGINT NOT NULL,
  issued_day BIGINT NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_to BIGINT NOT NULL,
  entered_by BIGINT NOT NULL,
  entered_name TEXT NOT NULL,
  reviewed_by BIGINT NOT NULL,
  batch TEXT NOT NULL,
  reason TEXT NOT NULL,
  order_digest TEXT NOT NULL,
  file TEXT NOT NULL, -- OFD 的摘要，文件库按它取
  seal_name TEXT NOT NULL,
  entered_day BIGINT NOT NULL,
  signed_at BIGINT NOT NULL,
  next_clock_at BIGINT,
  version BIGINT NOT NULL
);
CREATE INDEX credentials_licences_tenant ON credentials_licences (tenant, id);
CREATE INDEX credentials_licences_unit ON credentials_licences (unit, id);
CREATE INDEX credentials_licences_org ON credentials_licences (org, id);
CREATE INDEX credentials_licences_person ON credentials_licences (person, id);
CREATE INDEX credentials_licences_legal ON credentials_licences (legal_entity, id);
CREATE INDEX credentials_licences_holder ON credentials_licences (holder_digest, id);
CREATE INDEX credentials_licences_number ON credentials_licences (number);
CREATE INDEX credentials_licences_stem ON credentials_licences (stem, edition);
CREATE INDEX credentials_licences_case ON credentials_licences (case_no);
CREATE INDEX credentials_licences_case_id ON credentials_licences (case_id);
CREATE INDEX credentials_licences_pending ON credentials_licences (state, id);
CREATE INDEX credentials_licences_batch ON credentials_licences (batch, state);
CREATE INDEX credentials_licences_file ON credentials_licences (file);
CREATE INDEX credentials_licences_clock ON credentials_licences (next_clock_at, id);

CREATE TABLE credentials_shows (
  id BIGINT NOT NULL PRIMARY KEY,
  licence BIGINT NOT NULL,
  person BIGINT NOT NULL,
  org BIGINT NOT NULL,
  day BIGINT NOT NULL,
  token BYTEA NOT NULL UNIQUE, -- 令牌的带钥散列
  short BYTEA NOT NULL UNIQUE, -- 十位短码的带钥散列
  made BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  used BIGINT, -- 被核验的时刻
  used_by TEXT NOT NULL,
  counted BIGINT NOT NULL
);
CREATE INDEX credentials_shows_licence ON credentials_shows (licence, id);
CREATE INDEX credentials_shows_org ON credentials_shows (org, day, id);

CREATE TABLE credentials_looks (
  id BIGINT NOT NULL PRIMARY KEY,
  licence BIGINT NOT NULL,
  person BIGINT NOT NULL,
  legal_entity BIGINT NOT NULL,
  way TEXT NOT NULL, -- show 亮证、waive 免提交、api 共享、copy 加注件、staff 工作人员查看
  who TEXT NOT NULL,
  org_name TEXT NOT NULL,
  item_code TEXT NOT NULL,
  item_name TEXT NOT NULL,
  case_no TEXT NOT NULL,
  material TEXT NOT NULL,
  reason TEXT NOT NULL,
  seen TEXT NOT NULL, -- 看了哪些字段
  at BIGINT NOT NULL
);
CREATE INDEX credentials_looks_licence ON credentials_looks (licence, id);
CREATE INDEX credentials_looks_person ON credentials_looks (person, id);
CREATE INDEX credentials_looks_case ON credentials_looks (case_no, id);

CREATE TABLE credentials_copies (
  id BIGINT NOT NULL PRIMARY KEY,
  licence BIGINT NOT NULL,
  token BYTEA NOT NULL UNIQUE,
  maker TEXT NOT NULL,
  cause TEXT NOT NULL,
  made BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  file TEXT NOT NULL
);
CREATE INDEX credentials_copies_licence ON credentials_copies (licence, id);

CREATE TABLE credentials_passcodes (
  person BIGINT NOT NULL PRIMARY KEY,
  hash TEXT NOT NULL,
  at BIGINT NOT NULL
);

CREATE TABLE credentials_quotas (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  org_name TEXT NOT NULL,
  kind BIGINT NOT NULL,
  kind_name TEXT NOT NULL,
  expected BIGINT NOT NULL,
  day BIGINT NOT NULL,
  version BIGINT NOT NULL,
  UNIQUE (org, kind)
);
CREATE INDEX credentials_quotas_tenant ON credentials_quotas (tenant, id);
CREATE INDEX credentials_quotas_unit ON credentials_quotas (unit, id);
CREATE INDEX credentials_quotas_org ON credentials_quotas (org, id);

CREATE TABLE credentials_province (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  batch TEXT NOT NULL,
  row_number BIGINT NOT NULL,
  org BIGINT NOT NULL, -- 对不上的为 0
  org_name TEXT NOT NULL,
  made BIGINT NOT NULL,
  note TEXT NOT NULL,
  day BIGINT NOT NULL
);
CREATE INDEX credentials_province_tenant ON credentials_province (tenant, batch, id);
CREATE INDEX credentials_province_org ON credentials_province (org, id);
