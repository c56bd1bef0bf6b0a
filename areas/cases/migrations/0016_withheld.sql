-- 评价与办件都不公开的：涉密、信访举报类事项，未成年人的（evaluation §7）
ALTER TABLE cases_cases ADD COLUMN withheld BIGINT NOT NULL DEFAULT 0;
