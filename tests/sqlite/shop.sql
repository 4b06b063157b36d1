-- A shop's database as SQLite's own features make it: WITHOUT ROWID, generated columns, views on views,
-- triggers, foreign keys that cascade, full text search, R*Tree. The rows come from shop.py.
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, ssn TEXT,
  card TEXT, phone TEXT, city TEXT, country TEXT NOT NULL, balance NUMERIC(12,2), api_key TEXT,
  created TEXT, vip INTEGER DEFAULT 0);
CREATE INDEX customers_city ON customers(city);
CREATE INDEX customers_name ON customers(name COLLATE NOCASE);
CREATE INDEX customers_phone ON customers(created, phone);
CREATE TABLE addresses (id INTEGER PRIMARY KEY,
  customer_id INTEGER REFERENCES customers(id) ON DELETE CASCADE,
  street TEXT, zip TEXT, city TEXT, kind TEXT CHECK (kind IN ('home', 'work')));
CREATE INDEX addresses_customer ON addresses(customer_id);
CREATE TABLE categories (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES categories(id), name TEXT);
CREATE TABLE products (id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  category_id INTEGER REFERENCES categories(id), price NUMERIC(10,2), cost NUMERIC(10,2), attrs TEXT,
  discontinued INTEGER DEFAULT 0);
CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, customer_id INTEGER REFERENCES customers(id),
  placed TEXT, status TEXT DEFAULT 'new', total NUMERIC(10,2), note TEXT, shipped TEXT);
CREATE INDEX orders_customer ON orders(customer_id, placed);
CREATE INDEX orders_open ON orders(placed) WHERE status = 'new';
CREATE TABLE order_items (order_id INTEGER REFERENCES orders(id) ON DELETE CASCADE,
  product_id INTEGER, qty INTEGER NOT NULL, price NUMERIC(10,2), gift_note TEXT,
  PRIMARY KEY (order_id, product_id)) WITHOUT ROWID;
CREATE TABLE payments (id INTEGER PRIMARY KEY, order_id INTEGER, method TEXT, iban TEXT,
  amount NUMERIC(10,2) CHECK (amount >= 0), paid TEXT);
CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT, manager_id INTEGER, dept TEXT,
  salary INTEGER, ssn TEXT, hired TEXT);
CREATE TABLE logins (token TEXT PRIMARY KEY, customer_id INTEGER, at TEXT);
CREATE TABLE passports (country TEXT NOT NULL, number TEXT NOT NULL, holder TEXT, secret TEXT,
  UNIQUE (country, number));
CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT, email TEXT,
  domain TEXT AS (substr(email, instr(email, '@') + 1)), label TEXT AS (upper(name)) STORED);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE audit (id INTEGER PRIMARY KEY, at TEXT DEFAULT CURRENT_TIMESTAMP, what TEXT, who INTEGER);
CREATE TABLE counters (name TEXT PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0);
CREATE TABLE docs (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
CREATE VIRTUAL TABLE docs_fts USING fts5(title, body, content='docs', content_rowid='id');
CREATE TRIGGER docs_ai AFTER INSERT ON docs BEGIN
  INSERT INTO docs_fts(rowid, title, body) VALUES (new.id, new.title, new.body); END;
CREATE TRIGGER docs_ad AFTER DELETE ON docs BEGIN
  INSERT INTO docs_fts(docs_fts, rowid, title, body) VALUES ('delete', old.id, old.title, old.body); END;
CREATE VIRTUAL TABLE places USING rtree(id, min_x, max_x, min_y, max_y);
CREATE VIRTUAL TABLE people_fts USING fts5(name, email, content='customers', content_rowid='id');
CREATE VIEW v_customers AS SELECT id, name, email, city, country, created FROM customers;
CREATE VIEW v_vip AS SELECT * FROM v_customers WHERE id IN (SELECT id FROM customers WHERE vip = 1);
CREATE VIEW v_orders AS SELECT o.id, o.placed, o.status, o.total, c.name AS customer, c.email AS contact
  FROM orders o JOIN customers c ON c.id = o.customer_id;
CREATE VIEW v_revenue AS SELECT customer_id, count(*) AS n, sum(total) AS revenue FROM orders
  GROUP BY customer_id;
CREATE VIEW v_contacts AS SELECT id, name, email AS address FROM customers
  UNION ALL SELECT id, name, email FROM contacts;
CREATE VIEW v_new AS SELECT id, customer_id, total FROM orders WHERE status = 'new';
CREATE TRIGGER v_new_insert INSTEAD OF INSERT ON v_new BEGIN
  INSERT INTO orders(customer_id, total) VALUES (new.customer_id, new.total); END;
CREATE TRIGGER orders_status AFTER UPDATE OF status ON orders WHEN old.status <> new.status BEGIN
  INSERT INTO audit(at, what, who) VALUES ('now', 'order ' || new.status, new.id); END;
CREATE TRIGGER customers_gone AFTER DELETE ON customers BEGIN
  INSERT INTO audit(at, what, who) VALUES ('now', 'customer gone', old.id); END;
CREATE TRIGGER items_total AFTER INSERT ON order_items BEGIN
  UPDATE orders SET total = total + new.qty * new.price WHERE id = new.order_id; END;
