-- 已办结的按事项、按来源筛：上百万件里找几件不逐件走。在办的不多，不建，登记也就不慢。
CREATE INDEX cases_cases_done_item ON cases_cases (item_code, sort_due, id) WHERE is_open = 0;
CREATE INDEX cases_cases_done_channel ON cases_cases (tenant, channel, sort_due, id) WHERE is_open = 0;
-- 某人办过的件。
CREATE INDEX cases_steps_staff ON cases_steps (staff, case_id) WHERE staff > 0;
