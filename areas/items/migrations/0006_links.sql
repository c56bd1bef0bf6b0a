-- 网办地址巡检：一个网址一行，几项共用同一个网址只查一次
CREATE TABLE items_links (
  id BIGINT NOT NULL PRIMARY KEY,
  url TEXT NOT NULL,
  checked BIGINT NOT NULL,
  reached BIGINT NOT NULL,
  detail TEXT NOT NULL,
  items BIGINT NOT NULL
);
CREATE UNIQUE INDEX items_links_url ON items_links (url);
CREATE INDEX items_links_checked ON items_links (checked, id);

-- 定时做的事下一次什么时候做
CREATE TABLE items_rounds (
  id BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  due BIGINT NOT NULL
);
INSERT INTO items_rounds (id, name, due) VALUES (1, 'links', 0);
