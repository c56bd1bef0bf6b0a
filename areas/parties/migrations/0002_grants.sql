-- 授权：家人代办（自然人授权自然人）与单位授权（法人授权经办人），对方同意才算数
CREATE TABLE parties_grants (
  id BIGINT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  -- 家人代办的本人；单位授权为 0
  principal BIGINT NOT NULL,
  -- 授权的单位；家人代办为 0
  legal_entity BIGINT NOT NULL,
  agent BIGINT NOT NULL,
  -- 家人关系，或在单位里的身份
  relation TEXT NOT NULL,
  scope TEXT NOT NULL,
  -- 只限哪些事项，空格分隔；空为全部
  items TEXT NOT NULL,
  until_day BIGINT NOT NULL,
  state TEXT NOT NULL,
  -- 谁先提的：principal、agent
  asked_by TEXT NOT NULL,
  created BIGINT NOT NULL,
  settled BIGINT,
  version BIGINT NOT NULL
);

CREATE INDEX parties_grants_agent ON parties_grants (agent, id);
CREATE INDEX parties_grants_principal ON parties_grants (principal, id);
CREATE INDEX parties_grants_legal ON parties_grants (legal_entity, id);

-- 经办关系出自哪份授权、只限哪些事项
ALTER TABLE parties_agents ADD COLUMN items TEXT NOT NULL DEFAULT '';
ALTER TABLE parties_agents ADD COLUMN grant_id BIGINT NOT NULL DEFAULT 0;
CREATE INDEX parties_agents_legal ON parties_agents (legal_entity, role);
