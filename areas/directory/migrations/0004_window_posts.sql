-- 一个窗口上有哪些岗位（评价仪绑岗位）

CREATE INDEX directory_posts_window ON directory_posts (site_window, id);
