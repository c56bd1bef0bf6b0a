-- 大厅：放号安排、预约、号票

CREATE TABLE hall_plans (
  site BIGINT NOT NULL PRIMARY KEY,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  body TEXT NOT NULL,
  version BIGINT NOT NULL
);

CREATE TABLE hall_slots (
  site BIGINT NOT NULL,
  day BIGINT NOT NULL,
  slot BIGINT NOT NULL,
  taken BIGINT NOT NULL,
  PRIMARY KEY (site, day, slot)
);

CREATE TABLE hall_bookings (
  id BIGINT NOT NULL PRIMARY KEY,
  site BIGINT NOT NULL,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  day BIGINT NOT NULL,
  slot BIGINT NOT NULL,
  letter TEXT NOT NULL,
  matter TEXT NOT NULL,
  person BIGINT NOT NULL,
  account BIGINT NOT NULL,
  name_shown TEXT NOT NULL,
  state TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  late_at BIGINT,
  ticket BIGINT,
  version BIGINT NOT NULL
);

CREATE UNIQUE INDEX hall_bookings_once ON hall_bookings (account, day, slot) WHERE state = 'booked';
CREATE INDEX hall_bookings_mine ON hall_bookings (account, id);
CREATE INDEX hall_bookings_site ON hall_bookings (site, day, slot, id);
CREATE INDEX hall_bookings_late ON hall_bookings (late_at, id) WHERE late_at IS NOT NULL;

CREATE TABLE hall_tickets (
  id BIGINT NOT NULL PRIMARY KEY,
  site BIGINT NOT NULL,
  tenant BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  org BIGINT NOT NULL,
  day BIGINT NOT NULL,
  number TEXT NOT NULL,
  letter TEXT NOT NULL,
  state TEXT NOT NULL,
  matter TEXT NOT NULL,
  account BIGINT NOT NULL,
  booking BIGINT NOT NULL,
  place BIGINT NOT NULL,
  passed BIGINT NOT NULL,
  taken_at BIGINT NOT NULL,
  called_at BIGINT,
  started_at BIGINT,
  ended_at BIGINT,
  site_window BIGINT NOT NULL,
  window_name TEXT NOT NULL,
  staff BIGINT NOT NULL,
  staff_name TEXT NOT NULL,
  version BIGINT NOT NULL
);

CREATE UNIQUE INDEX hall_tickets_number ON hall_tickets (site, day, number);
CREATE INDEX hall_tickets_line ON hall_tickets (site, day, state, letter, place, id);
CREATE UNIQUE INDEX hall_tickets_one ON hall_tickets (account, day, site, letter) WHERE state = 'waiting' AND account > 0;
