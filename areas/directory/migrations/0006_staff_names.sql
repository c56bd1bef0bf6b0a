-- 审计按姓名找人
CREATE INDEX directory_staff_name ON directory_staff (tenant, name, id);
