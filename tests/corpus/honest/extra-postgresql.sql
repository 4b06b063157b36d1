-- What the honest statements need beside the shop: kinds of columns and objects that it does not have.
CREATE TYPE parcel_state AS ENUM ('packed', 'sent', 'there', 'lost');
CREATE TYPE size_cm AS (width integer, height integer);
CREATE TABLE events (
  id bigint PRIMARY KEY, customer_id bigint REFERENCES customers(id), at timestamptz NOT NULL, kind text NOT NULL,
  labels text[] NOT NULL DEFAULT '{}', scores integer[], payload jsonb NOT NULL, size size_cm, valid tstzrange, state parcel_state);
INSERT INTO events SELECT n, 1 + n % 40, timestamptz '2026-01-01 00:00+00' + n * interval '7 hours', (ARRAY['view', 'cart', 'buy'])[1 + n % 3],
  ARRAY['l' || n % 4, 'web'], ARRAY[n, n * 2], jsonb_build_object('page', 'p' || n % 5, 'ms', n * 10, 'tags', jsonb_build_array(n % 2, 'x')),
  ROW(n, n + 1)::size_cm, tstzrange(timestamptz '2026-01-01 00:00+00', timestamptz '2026-01-02 00:00+00' + n * interval '1 day'),
  (ARRAY['packed', 'sent', 'there', 'lost'])[1 + n % 4]::parcel_state FROM generate_series(1, 60) n;
CREATE TABLE docs (id integer PRIMARY KEY, title text NOT NULL, body text, search tsvector GENERATED ALWAYS AS (to_tsvector('english', title || ' ' || coalesce(body, ''))) STORED);
CREATE INDEX docs_search ON docs USING gin (search);
INSERT INTO docs (id, title, body) SELECT n, 'Manual ' || n, CASE n % 3 WHEN 0 THEN 'sharpening a knife' WHEN 1 THEN 'boiling pots' ELSE NULL END FROM generate_series(1, 12) n;
CREATE TABLE counters (name text PRIMARY KEY, n integer NOT NULL DEFAULT 0, changed timestamp DEFAULT '2026-01-01');
INSERT INTO counters VALUES ('a', 1), ('b', 2);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed := ''2026-02-02''; RETURN NEW; END';
CREATE TRIGGER counters_touch BEFORE UPDATE ON counters FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'; -- nobody vouches for it
CREATE TRIGGER counters_keep BEFORE DELETE ON counters FOR EACH ROW EXECUTE FUNCTION keep();
CREATE VIEW v_people AS SELECT 'c' AS kind, id, name, email FROM customers UNION ALL SELECT 'e', id, name, email FROM employees;
CREATE VIEW v_last_order AS SELECT c.id, c.name, c.email, l.placed, l.total FROM customers c LEFT JOIN LATERAL
  (SELECT placed, total FROM orders o WHERE o.customer_id = c.id ORDER BY placed DESC, id DESC LIMIT 1) l ON true;
CREATE VIEW v_vip AS SELECT * FROM customers WHERE vip WITH CHECK OPTION;
CREATE VIEW v_ranked AS SELECT id, email, country, row_number() OVER (PARTITION BY country ORDER BY id) AS place FROM customers;
