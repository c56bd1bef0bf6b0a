-- 工作人员的账号：登录名（工号，不是个人信息）、要先改口令、最迟哪一刻实名
ALTER TABLE parties_accounts ADD COLUMN login TEXT NOT NULL DEFAULT '';
ALTER TABLE parties_accounts ADD COLUMN must_change BIGINT NOT NULL DEFAULT 0;
ALTER TABLE parties_accounts ADD COLUMN verify_by BIGINT;
CREATE INDEX parties_accounts_staff ON parties_accounts (staff);
CREATE INDEX parties_accounts_verify ON parties_accounts (verify_by, id) WHERE verify_by IS NOT NULL;
CREATE INDEX parties_logins_account ON parties_logins (account);
CREATE INDEX parties_sessions_account ON parties_sessions (account);
