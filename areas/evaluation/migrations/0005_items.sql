-- 某个事项在一段日子里有没有办件：有办件事项评价率的分母
CREATE INDEX evaluation_cases_item ON evaluation_cases (item_code, (COALESCE(received_day, decided_day, 0)));
