-- 吊销列表：一个颁发者一份，新的换旧的

CREATE TABLE credentials_crls (
  issuer TEXT NOT NULL PRIMARY KEY, -- 颁发者证书的指纹
  bytes BYTEA NOT NULL,
  added BIGINT NOT NULL
);
