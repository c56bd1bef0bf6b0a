-- 待认领的事实：何时下发、何时认领、哪几天超过一个工作日没处理
ALTER TABLE items_implementations ADD COLUMN facts TEXT NOT NULL DEFAULT '';
CREATE INDEX items_implementations_org_id ON items_implementations (org, id);
