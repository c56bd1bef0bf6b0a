-- 目录的计划生效、计划取消日期：2026-12-01，没有为空
ALTER TABLE items_catalogues ADD COLUMN plan_effective TEXT NOT NULL DEFAULT '';
ALTER TABLE items_catalogues ADD COLUMN plan_cancel TEXT NOT NULL DEFAULT '';
