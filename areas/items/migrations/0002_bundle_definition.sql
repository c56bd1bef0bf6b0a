-- 一件事的定义：引导问题、先后、可不办的成员、合并的字段与材料（JSON）
ALTER TABLE items_bundles ADD COLUMN definition TEXT NOT NULL DEFAULT '';
