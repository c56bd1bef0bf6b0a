-- 审计认对接系统：按行键、按名称
CREATE INDEX parties_tokens_id ON parties_tokens (id);
CREATE INDEX parties_tokens_name ON parties_tokens (tenant, name, id);
