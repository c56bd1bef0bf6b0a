-- 差评由谁办：办理单位没有能办的人时由上级或主管单位代管；0 为办理单位自己
ALTER TABLE evaluation_tasks ADD COLUMN handler_unit BIGINT NOT NULL DEFAULT 0;
CREATE INDEX evaluation_tasks_handler ON evaluation_tasks (handler_unit, open, due, id);

-- 申诉与整改的证据文件，随那一步一起记下；文件名加密
CREATE TABLE evaluation_evidence (
  id BIGINT NOT NULL PRIMARY KEY,
  task BIGINT NOT NULL,
  at BIGINT NOT NULL,
  action TEXT NOT NULL,
  who TEXT NOT NULL,
  name BYTEA NOT NULL,
  media TEXT NOT NULL,
  size BIGINT NOT NULL,
  digest TEXT NOT NULL
);

CREATE INDEX evaluation_evidence_task ON evaluation_evidence (task, id);
