-- What the honest statements need beside the shop: kinds of columns and objects that it does not have.
CREATE TABLE events (
  id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), at TEXT NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL,
  page TEXT GENERATED ALWAYS AS (json_extract(payload, '$.page')) VIRTUAL);
WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 60)
INSERT INTO events (id, customer_id, at, kind, payload) SELECT n, 1 + n % 40, datetime('2026-01-01', (n * 7) || ' hours'),
  CASE n % 3 WHEN 0 THEN 'view' WHEN 1 THEN 'cart' ELSE 'buy' END,
  json_object('page', 'p' || (n % 5), 'ms', n * 10, 'tags', json_array(n % 2, 'x')) FROM s;
CREATE INDEX events_at ON events (at);
CREATE INDEX events_page ON events (page);
CREATE VIRTUAL TABLE docs USING fts5(title, body);
INSERT INTO docs (rowid, title, body) VALUES (1, 'Manual one', 'sharpening a knife'), (2, 'Manual two', 'boiling pots'), (3, 'Letter', 'a knife and a pot');
CREATE TABLE counters (name TEXT PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0, changed TEXT DEFAULT '2026-01-01');
INSERT INTO counters VALUES ('a', 1, '2026-01-01'), ('b', 2, '2026-01-01');
CREATE TRIGGER counters_touch AFTER UPDATE OF n ON counters BEGIN UPDATE counters SET changed = '2026-02-02' WHERE name = new.name; END;
CREATE VIEW v_people AS SELECT 'c' AS kind, id, name, email FROM customers UNION ALL SELECT 'e', id, name, email FROM employees;
CREATE VIEW v_last_order AS SELECT c.id, c.name, c.email, max(o.placed) AS placed FROM customers c LEFT JOIN orders o ON o.customer_id = c.id
  GROUP BY c.id, c.name, c.email;
CREATE VIEW v_ranked AS SELECT id, email, country, row_number() OVER (PARTITION BY country ORDER BY id) AS place FROM customers;
CREATE TABLE settings (k TEXT NOT NULL, v TEXT, PRIMARY KEY (k)) STRICT, WITHOUT ROWID;
INSERT INTO settings VALUES ('theme', 'dark'), ('pages', '20');
