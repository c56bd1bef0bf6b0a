-- 站内信
CREATE TABLE messages_messages (
  id BIGINT NOT NULL PRIMARY KEY,
  person BIGINT NOT NULL,
  at BIGINT NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  href TEXT NOT NULL,
  seen BIGINT NOT NULL
);

CREATE INDEX messages_messages_person ON messages_messages (person, id);

-- 短信出箱：号码与内容加密；没有配置通道时状态为 no_channel，管理员看得见
CREATE TABLE messages_sms (
  id BIGINT NOT NULL PRIMARY KEY,
  mobile BYTEA NOT NULL,
  body BYTEA NOT NULL,
  at BIGINT NOT NULL,
  state TEXT NOT NULL
);

CREATE INDEX messages_sms_state ON messages_sms (state, id);
