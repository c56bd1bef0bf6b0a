-- 评价点位：一个窗口一个（行键就是窗口的），30 日内检测可用的才算畅通
CREATE TABLE evaluation_points (
  id BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  org_name TEXT NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL, -- 空为没检过，good、bad
  checked BIGINT,
  who TEXT NOT NULL,
  note TEXT NOT NULL,
  facts TEXT NOT NULL,
  version BIGINT NOT NULL
);

CREATE INDEX evaluation_points_tenant ON evaluation_points (tenant, id);
CREATE INDEX evaluation_points_unit ON evaluation_points (unit, id);
CREATE INDEX evaluation_points_org ON evaluation_points (org, id);

-- 窗口岗位应配评价仪、配了没有（行键就是岗位的）
CREATE TABLE evaluation_seats (
  id BIGINT NOT NULL PRIMARY KEY,
  org BIGINT NOT NULL,
  facts TEXT NOT NULL,
  version BIGINT NOT NULL
);

CREATE INDEX evaluation_seats_org ON evaluation_seats (org, id);
