-- 不公开的办件（涉密、信访举报类事项，未成年人），它的评价也不公开
ALTER TABLE evaluation_cases ADD COLUMN withheld BIGINT NOT NULL DEFAULT 0;
