-- 一份表包括哪些：对账只看表说它包括的
ALTER TABLE cases_imports ADD COLUMN coverage TEXT NOT NULL DEFAULT 'all';
ALTER TABLE cases_imports ADD COLUMN from_at BIGINT;
ALTER TABLE cases_imports ADD COLUMN to_at BIGINT;

CREATE TABLE cases_import_items (
  import BIGINT NOT NULL,
  item_code TEXT NOT NULL,
  PRIMARY KEY (import, item_code)
);
