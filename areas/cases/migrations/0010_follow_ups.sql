-- 办结之后的变更、延续、补证：新办件挂着原办件；延续还记原证届满之日（许可法第50条）
ALTER TABLE cases_cases ADD COLUMN renews_until BIGINT;

CREATE TABLE cases_follow_ups (
  case_id BIGINT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  earlier BIGINT NOT NULL,
  earlier_no TEXT NOT NULL,
  licence TEXT NOT NULL,
  licence_name TEXT NOT NULL,
  at BIGINT NOT NULL
);

CREATE INDEX cases_follow_ups_earlier ON cases_follow_ups (earlier, case_id);
