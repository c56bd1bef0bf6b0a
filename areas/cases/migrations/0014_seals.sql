-- 文书的电子签章版：哪一份、哪一枚章、盖好的 OFD 在文件库里的名字
CREATE TABLE cases_seals (
  document BIGINT NOT NULL PRIMARY KEY,
  case_id BIGINT NOT NULL,
  seal BIGINT NOT NULL,
  es_id TEXT NOT NULL,
  seal_name TEXT NOT NULL,
  file TEXT NOT NULL,
  at BIGINT NOT NULL
);

CREATE INDEX cases_seals_case ON cases_seals (case_id, document);
