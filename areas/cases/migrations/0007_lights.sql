-- 黄红灯的索引：三个相等列在前，没有统计的引擎也会挑它

DROP INDEX cases_cases_tenant_red;
DROP INDEX cases_cases_unit_red;
DROP INDEX cases_cases_org_red;
DROP INDEX cases_cases_tenant_yellow;
DROP INDEX cases_cases_unit_yellow;
DROP INDEX cases_cases_org_yellow;
CREATE INDEX cases_cases_tenant_light ON cases_cases (tenant, is_open, light, sort_due, id) WHERE is_open = 1;
CREATE INDEX cases_cases_unit_light ON cases_cases (unit, is_open, light, sort_due, id) WHERE is_open = 1;
CREATE INDEX cases_cases_org_light ON cases_cases (org, is_open, light, sort_due, id) WHERE is_open = 1;
