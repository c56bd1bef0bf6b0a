-- 评价仪绑定到岗位：一岗一台、一台一岗；推送给按“请评价”的人的岗位。默认评价、补录凭据、工作人员用过的终端

CREATE TABLE evaluation_bindings (
  id BIGINT NOT NULL PRIMARY KEY,
  post BIGINT NOT NULL,
  window_id BIGINT NOT NULL, -- 绑定时岗位所在的窗口
  staff BIGINT NOT NULL,
  device BYTEA NOT NULL, -- 设备记号的带钥散列
  bound BIGINT NOT NULL,
  seen BIGINT NOT NULL, -- 最近一次报到
  ended BIGINT, -- 解除的时刻
  version BIGINT NOT NULL
);

CREATE UNIQUE INDEX evaluation_bindings_post ON evaluation_bindings (post) WHERE ended IS NULL;
CREATE UNIQUE INDEX evaluation_bindings_device ON evaluation_bindings (device) WHERE ended IS NULL;
CREATE INDEX evaluation_bindings_window ON evaluation_bindings (window_id, id);

-- 原来按窗口绑的：窗口上恰好一个在任岗位的归它，其余的要重新绑
INSERT INTO evaluation_bindings (id, post, window_id, staff, device, bound, seen, version)
SELECT d.window_id, MIN(p.id), d.window_id, MIN(p.staff), d.device, d.bound, d.seen, d.version
FROM evaluation_devices d JOIN directory_posts p ON p.site_window = d.window_id AND p.to_day = 99991231
WHERE LENGTH(d.device) > 0
GROUP BY d.window_id, d.device, d.bound, d.seen, d.version HAVING COUNT(*) = 1;

DROP TABLE evaluation_devices;

CREATE TABLE evaluation_pushes (
  id BIGINT NOT NULL PRIMARY KEY,
  post BIGINT NOT NULL,
  window_id BIGINT NOT NULL,
  staff BIGINT NOT NULL,
  invitation BIGINT NOT NULL,
  at BIGINT NOT NULL,
  due BIGINT NOT NULL, -- 到这时没评就算过时
  ended BIGINT,
  outcome TEXT NOT NULL -- asked 正在问、rated 评了、expired 过时、replaced 换了一张
);

CREATE UNIQUE INDEX evaluation_pushes_post ON evaluation_pushes (post) WHERE ended IS NULL;
CREATE INDEX evaluation_pushes_due ON evaluation_pushes (due, id) WHERE ended IS NULL;
CREATE INDEX evaluation_pushes_invitation ON evaluation_pushes (invitation, id);

DROP TABLE evaluation_pads;

-- 补录的凭据与补录的人；岗位授权之外再查不是被评的人
CREATE TABLE evaluation_records (
  rating BIGINT NOT NULL PRIMARY KEY,
  evidence BYTEA NOT NULL, -- 录音、意见单的编号，加密
  staff BIGINT NOT NULL,
  who TEXT NOT NULL,
  at BIGINT NOT NULL
);

-- 工作人员看过评价码的终端：从这里来的评价先存疑
CREATE TABLE evaluation_terminals (
  device BYTEA NOT NULL PRIMARY KEY,
  staff BIGINT NOT NULL,
  seen BIGINT NOT NULL
);

-- 等着记默认评价的：办结、没人评过、还没记
ALTER TABLE evaluation_invitations ADD COLUMN defaulted BIGINT NOT NULL DEFAULT 0;
CREATE INDEX evaluation_invitations_waiting ON evaluation_invitations (at, id) WHERE node = 3 AND counted = 1 AND used IS NULL AND cancelled = 0 AND defaulted = 0;

-- 被评的人看不到评他的那一条：差评工单也记下评的是谁
ALTER TABLE evaluation_tasks ADD COLUMN staff BIGINT NOT NULL DEFAULT 0;
UPDATE evaluation_tasks SET staff = (SELECT r.staff FROM evaluation_ratings r WHERE r.id = evaluation_tasks.rating);
