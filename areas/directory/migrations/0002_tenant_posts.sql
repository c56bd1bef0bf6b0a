-- 全县区里某个角色的岗位：监察岗、分管领导收通知
CREATE INDEX directory_posts_tenant ON directory_posts (tenant, role, id);
