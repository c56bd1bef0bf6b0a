-- 补录时对方表里有的业务编号：做完对账就清掉，让对账不占内存
CREATE TABLE cases_import_seen (
  import BIGINT NOT NULL,
  number TEXT NOT NULL,
  PRIMARY KEY (import, number)
);
