-- 家人代办的办件：谁替申请人交的、凭哪份授权
CREATE TABLE cases_agencies (
  case_id BIGINT NOT NULL PRIMARY KEY,
  agent BIGINT NOT NULL,
  agent_name BYTEA NOT NULL,
  relation TEXT NOT NULL,
  grant_id BIGINT NOT NULL,
  at BIGINT NOT NULL
);
