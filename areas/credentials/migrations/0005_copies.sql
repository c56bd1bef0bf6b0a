-- 加注件：给谁用的；制作者在 maker

ALTER TABLE credentials_copies ADD COLUMN whom TEXT NOT NULL DEFAULT '';
