-- 自然人：证件与手机加密存放，散列查重
CREATE TABLE parties_persons (
  id BIGINT NOT NULL PRIMARY KEY,
  name BYTEA NOT NULL,
  id_type TEXT NOT NULL,
  id_number BYTEA NOT NULL,
  id_digest BYTEA NOT NULL,
  mobile BYTEA NOT NULL,
  mobile_digest BYTEA NOT NULL,
  region TEXT NOT NULL,
  real_level BIGINT NOT NULL,
  registered_day BIGINT NOT NULL,
  version BIGINT NOT NULL
);

CREATE UNIQUE INDEX parties_persons_id ON parties_persons (id_type, id_digest);
CREATE INDEX parties_persons_mobile ON parties_persons (mobile_digest);

CREATE TABLE parties_legal_entities (
  id BIGINT NOT NULL PRIMARY KEY,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  region TEXT NOT NULL,
  real_level BIGINT NOT NULL,
  active BIGINT NOT NULL,
  registered_day BIGINT NOT NULL,
  version BIGINT NOT NULL
);

CREATE UNIQUE INDEX parties_legal_entities_code ON parties_legal_entities (code);

-- 经办人：自然人与法人的授权
CREATE TABLE parties_agents (
  id BIGINT NOT NULL PRIMARY KEY,
  legal_entity BIGINT NOT NULL,
  person BIGINT NOT NULL,
  role TEXT NOT NULL,
  until_day BIGINT NOT NULL
);

CREATE UNIQUE INDEX parties_agents_pair ON parties_agents (person, legal_entity);

CREATE TABLE parties_accounts (
  id BIGINT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  person BIGINT,
  staff BIGINT,
  password TEXT NOT NULL,
  active BIGINT NOT NULL,
  version BIGINT NOT NULL
);

CREATE INDEX parties_accounts_person ON parties_accounts (person);

-- 登录名（手机、证件、工号）的散列
CREATE TABLE parties_logins (
  digest BYTEA NOT NULL PRIMARY KEY,
  account BIGINT NOT NULL
);

CREATE TABLE parties_sessions (
  token BYTEA NOT NULL PRIMARY KEY,
  account BIGINT NOT NULL,
  post BIGINT NOT NULL,
  legal_entity BIGINT NOT NULL,
  created BIGINT NOT NULL,
  seen BIGINT NOT NULL
);

CREATE INDEX parties_sessions_seen ON parties_sessions (seen);

-- 对接凭证：只存散列
CREATE TABLE parties_tokens (
  token BYTEA NOT NULL PRIMARY KEY,
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  tenant BIGINT NOT NULL,
  until BIGINT NOT NULL
);

-- 手机验证码：只存散列，10 分钟有效
CREATE TABLE parties_codes (
  mobile BYTEA NOT NULL PRIMARY KEY,
  code BYTEA NOT NULL,
  at BIGINT NOT NULL,
  tries BIGINT NOT NULL
);
