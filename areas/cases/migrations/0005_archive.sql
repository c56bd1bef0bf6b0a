-- 电子卷宗：办结后几日内由任务生成，这里记卷宗在文件库里的名字；空串是已排上还没做

ALTER TABLE cases_cases ADD COLUMN archive TEXT;
CREATE INDEX cases_cases_unarchived ON cases_cases (ended_at, id) WHERE archive IS NULL AND ended_at IS NOT NULL;
