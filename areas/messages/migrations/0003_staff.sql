-- 工作人员的站内信：写给岗位上的这个人，与他是不是实名的群众无关
ALTER TABLE messages_messages ADD COLUMN staff BIGINT NOT NULL DEFAULT 0;

CREATE INDEX messages_messages_staff ON messages_messages (staff, id) WHERE staff > 0;
