-- 好差评：每个办件一行（事实的主体）、每个节点一张邀评、评价、差评工单、工单步骤、评价仪此刻推送的邀评

CREATE TABLE evaluation_cases (
  id BIGINT NOT NULL PRIMARY KEY,
  case_id BIGINT NOT NULL UNIQUE,
  case_no TEXT NOT NULL,
  item_code TEXT NOT NULL,
  item_name TEXT NOT NULL,
  region TEXT NOT NULL,
  dept_code TEXT NOT NULL,
  org_name TEXT NOT NULL,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  online BIGINT NOT NULL,
  instant BIGINT NOT NULL,
  legal BIGINT NOT NULL,
  person BIGINT NOT NULL,
  legal_entity BIGINT NOT NULL,
  received_day BIGINT,
  accepted_day BIGINT,
  decided_day BIGINT,
  decided BIGINT NOT NULL, -- 1 以作出决定结束；撤回、退件等为 0
  voided BIGINT NOT NULL,
  rated BIGINT NOT NULL, -- 有主动有效评价
  evaluated BIGINT NOT NULL, -- 有有效评价（含默认）
  first_rated_day BIGINT,
  version BIGINT NOT NULL,
  created BIGINT NOT NULL
);

CREATE INDEX evaluation_cases_no ON evaluation_cases (case_no);
CREATE INDEX evaluation_cases_org ON evaluation_cases (org, id);

CREATE TABLE evaluation_invitations (
  id BIGINT NOT NULL PRIMARY KEY,
  subject BIGINT NOT NULL,
  node BIGINT NOT NULL,
  org BIGINT NOT NULL,
  day BIGINT NOT NULL,
  at BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  token BYTEA NOT NULL UNIQUE, -- 令牌的带钥散列；令牌本身不落库
  used BIGINT, -- 首评时刻
  cancelled BIGINT NOT NULL,
  counted BIGINT NOT NULL, -- 计入“已经过的可评节点”
  rated BIGINT NOT NULL, -- 有主动有效首评
  channel BIGINT NOT NULL, -- 办理方式：1 网上，0 窗口
  window_id BIGINT NOT NULL,
  staff BIGINT NOT NULL,
  staff_code TEXT NOT NULL,
  person BIGINT NOT NULL,
  UNIQUE (subject, node)
);

CREATE INDEX evaluation_invitations_org ON evaluation_invitations (org, id);
CREATE INDEX evaluation_invitations_person ON evaluation_invitations (person, expires, id);
CREATE INDEX evaluation_invitations_window ON evaluation_invitations (window_id, at);

CREATE TABLE evaluation_ratings (
  id BIGINT NOT NULL PRIMARY KEY,
  no TEXT NOT NULL UNIQUE,
  subject BIGINT NOT NULL,
  invitation BIGINT NOT NULL,
  case_no TEXT NOT NULL,
  item_code TEXT NOT NULL,
  item_name TEXT NOT NULL,
  org_name TEXT NOT NULL,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  node BIGINT NOT NULL,
  round BIGINT NOT NULL,
  level BIGINT NOT NULL,
  tags TEXT NOT NULL,
  content BYTEA, -- 文字，加密
  review BIGINT NOT NULL,
  private BIGINT NOT NULL,
  channel BIGINT NOT NULL,
  active BIGINT NOT NULL,
  effective BIGINT NOT NULL,
  flags TEXT NOT NULL,
  cleared BIGINT NOT NULL, -- 可疑标记已人工复核为真
  counts BIGINT NOT NULL, -- 有效且没有待复核的标记
  person BIGINT NOT NULL,
  legal BIGINT NOT NULL,
  staff BIGINT NOT NULL,
  staff_code TEXT NOT NULL,
  device BYTEA NOT NULL,
  ip BYTEA NOT NULL,
  at BIGINT NOT NULL,
  day BIGINT NOT NULL,
  UNIQUE (subject, node, round)
);

CREATE INDEX evaluation_ratings_tenant ON evaluation_ratings (tenant, at, id);
CREATE INDEX evaluation_ratings_unit ON evaluation_ratings (unit, at, id);
CREATE INDEX evaluation_ratings_org ON evaluation_ratings (org, at, id);
CREATE INDEX evaluation_ratings_drill ON evaluation_ratings (org, id);
CREATE INDEX evaluation_ratings_device ON evaluation_ratings (device, at);
CREATE INDEX evaluation_ratings_ip ON evaluation_ratings (ip, at);
CREATE INDEX evaluation_ratings_staff ON evaluation_ratings (staff, at);
CREATE INDEX evaluation_ratings_item ON evaluation_ratings (item_code, at);
CREATE INDEX evaluation_ratings_open ON evaluation_ratings (effective, at, id);

CREATE TABLE evaluation_tasks (
  id BIGINT NOT NULL PRIMARY KEY,
  no TEXT NOT NULL UNIQUE,
  rating BIGINT NOT NULL UNIQUE,
  subject BIGINT NOT NULL,
  item_code TEXT NOT NULL,
  item_name TEXT NOT NULL,
  org_name TEXT NOT NULL,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  level BIGINT NOT NULL,
  named BIGINT NOT NULL,
  state TEXT NOT NULL,
  open BIGINT NOT NULL,
  at BIGINT NOT NULL,
  day BIGINT NOT NULL,
  contact_due BIGINT NOT NULL,
  conclude_due BIGINT NOT NULL,
  rectify_due BIGINT NOT NULL,
  rectify_due_day BIGINT NOT NULL,
  due BIGINT NOT NULL, -- 这一步的期限；了结后是了结的时刻
  yellow BIGINT,
  lit TEXT NOT NULL, -- 已经记过的灯：green、yellow、red
  next_clock_at BIGINT,
  contacted BIGINT,
  concluded BIGINT,
  rectified BIGINT,
  revisited BIGINT,
  closed BIGINT,
  redone BIGINT NOT NULL,
  valid BIGINT NOT NULL,
  blockage BIGINT NOT NULL, -- 产生时同一事项 30 天内差评已达 3 条
  cause TEXT,
  measures BYTEA, -- 整改措施，加密
  published TEXT, -- 公开的整改结果
  item_change TEXT, -- 关联的事项变更单号
  version BIGINT NOT NULL
);

CREATE INDEX evaluation_tasks_tenant ON evaluation_tasks (tenant, open, due, id);
CREATE INDEX evaluation_tasks_unit ON evaluation_tasks (unit, open, due, id);
CREATE INDEX evaluation_tasks_org ON evaluation_tasks (org, open, due, id);
CREATE INDEX evaluation_tasks_drill ON evaluation_tasks (org, id);
CREATE INDEX evaluation_tasks_clock ON evaluation_tasks (next_clock_at, id);
CREATE INDEX evaluation_tasks_item ON evaluation_tasks (item_code, at);
CREATE INDEX evaluation_tasks_subject ON evaluation_tasks (subject);

CREATE TABLE evaluation_steps (
  id BIGINT NOT NULL PRIMARY KEY,
  task BIGINT NOT NULL,
  at BIGINT NOT NULL,
  action TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  who TEXT NOT NULL,
  note BYTEA -- 说明，加密
);

CREATE INDEX evaluation_steps_task ON evaluation_steps (task, id);

CREATE TABLE evaluation_pads (
  window_id BIGINT NOT NULL PRIMARY KEY,
  invitation BIGINT NOT NULL,
  at BIGINT NOT NULL
);
