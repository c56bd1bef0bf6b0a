-- 人员按编码先后翻页；停用的缘由：left 离职，unverified 未实名
CREATE INDEX directory_staff_unit_code ON directory_staff (unit, code);
CREATE INDEX directory_staff_org_code ON directory_staff (org, code);
ALTER TABLE directory_staff ADD COLUMN stopped TEXT NOT NULL DEFAULT '';
UPDATE directory_staff SET stopped = 'left' WHERE active = 0;

-- 谁把谁定作 B 岗
CREATE INDEX directory_posts_backup ON directory_posts (backup);

-- 改过权限的角色：第几版；没有行的是第 1 版
CREATE TABLE directory_roles (
  code TEXT NOT NULL PRIMARY KEY,
  id BIGINT NOT NULL,
  version BIGINT NOT NULL
);

-- 同一个身份证只对应一名工作人员
CREATE INDEX directory_staff_person ON directory_staff (person);
