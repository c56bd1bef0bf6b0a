-- 亮证一次进入（口令核过）之内的各枚码连成一串：到点自动换新凭串号，不必再输口令；串号只存散列

ALTER TABLE credentials_shows ADD COLUMN chain BYTEA;
ALTER TABLE credentials_shows ADD COLUMN begun BIGINT NOT NULL DEFAULT 0;
