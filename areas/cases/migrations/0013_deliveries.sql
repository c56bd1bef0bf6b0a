-- 即办件要出证照的：窗口当场签下的送达回证先记着，证照成文后由系统照它送达、转办结（cases §2.2 即办件快捷流）
CREATE TABLE cases_deliveries (
  case_id BIGINT NOT NULL PRIMARY KEY,
  way TEXT NOT NULL,
  receiver TEXT NOT NULL,
  note TEXT NOT NULL,
  staff BIGINT NOT NULL,
  staff_name TEXT NOT NULL,
  at BIGINT NOT NULL
);
