-- The corpora's shop on SQLite: the same tables as in schema-postgresql.sql, with generated columns, a
-- WITHOUT ROWID table, views and a trigger. data.py fills both with the same rows.
CREATE TABLE countries (code TEXT PRIMARY KEY, name TEXT NOT NULL, region TEXT NOT NULL, vat_rate NUMERIC) WITHOUT ROWID;
CREATE TABLE customers (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(120) NOT NULL, email VARCHAR(200) UNIQUE, phone VARCHAR(40),
  ssn VARCHAR(11), birth_date DATE, country CHAR(2) REFERENCES countries(code), city VARCHAR(80),
  segment VARCHAR(20) NOT NULL DEFAULT 'retail', vip BOOLEAN NOT NULL DEFAULT 0, credit_limit NUMERIC(12,2) DEFAULT 500,
  notes TEXT, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP);
CREATE TABLE addresses (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers(id) ON DELETE CASCADE, kind VARCHAR(10) NOT NULL,
  street VARCHAR(200), postal_code VARCHAR(12), city VARCHAR(80), country CHAR(2), is_default BOOLEAN NOT NULL DEFAULT 0);
CREATE TABLE employees (
  id INTEGER PRIMARY KEY, name VARCHAR(120) NOT NULL, title VARCHAR(60), department VARCHAR(40),
  manager_id INTEGER REFERENCES employees(id), hired DATE NOT NULL, salary NUMERIC(10,2), iban VARCHAR(34), email VARCHAR(200));
CREATE TABLE users (
  id INTEGER PRIMARY KEY, login VARCHAR(60) NOT NULL UNIQUE, email VARCHAR(200), password_hash VARCHAR(128), api_key VARCHAR(64),
  role VARCHAR(20) NOT NULL, employee_id INTEGER REFERENCES employees(id), active BOOLEAN NOT NULL DEFAULT 1,
  last_login TIMESTAMP, preferences TEXT);
CREATE TABLE categories (id INTEGER PRIMARY KEY, name VARCHAR(60) NOT NULL, parent_id INTEGER REFERENCES categories(id));
CREATE TABLE products (
  id INTEGER PRIMARY KEY, sku VARCHAR(20) NOT NULL UNIQUE, name VARCHAR(120) NOT NULL, category_id INTEGER REFERENCES categories(id),
  price NUMERIC(10,2) NOT NULL, cost NUMERIC(10,2), stock INTEGER NOT NULL DEFAULT 0, weight REAL, tags TEXT,
  active BOOLEAN NOT NULL DEFAULT 1, margin NUMERIC(10,2) GENERATED ALWAYS AS (price - cost) STORED);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers(id), employee_id INTEGER REFERENCES employees(id),
  placed DATE NOT NULL, status VARCHAR(12) NOT NULL, currency CHAR(3) NOT NULL DEFAULT 'EUR', total NUMERIC(12,2) NOT NULL);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE TABLE order_items (
  order_id INTEGER NOT NULL, line_no INTEGER NOT NULL, product_id INTEGER NOT NULL REFERENCES products(id),
  quantity INTEGER NOT NULL CHECK (quantity > 0), unit_price NUMERIC(10,2) NOT NULL, discount NUMERIC(5,2) NOT NULL DEFAULT 0,
  line_total NUMERIC(12,2) GENERATED ALWAYS AS (quantity * unit_price - discount) VIRTUAL,
  PRIMARY KEY (order_id, line_no)) WITHOUT ROWID;
CREATE TABLE payments (
  id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, paid_at TIMESTAMP NOT NULL, method VARCHAR(12) NOT NULL,
  amount NUMERIC(12,2) NOT NULL CHECK (amount >= 0), card VARCHAR(24), status VARCHAR(10) NOT NULL);
CREATE TABLE invoices (
  id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, number VARCHAR(20) NOT NULL UNIQUE, issued DATE NOT NULL, due DATE NOT NULL,
  net NUMERIC(12,2) NOT NULL, tax NUMERIC(12,2) NOT NULL, gross NUMERIC(12,2) GENERATED ALWAYS AS (net + tax) STORED,
  paid BOOLEAN NOT NULL DEFAULT 0);
CREATE TABLE subscriptions (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers(id), plan VARCHAR(20) NOT NULL, started DATE NOT NULL,
  ended DATE, monthly NUMERIC(8,2) NOT NULL, status VARCHAR(12) NOT NULL);
CREATE TABLE tickets (
  id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), assignee_id INTEGER REFERENCES employees(id),
  opened TIMESTAMP NOT NULL, closed TIMESTAMP, priority VARCHAR(10) NOT NULL DEFAULT 'normal', subject VARCHAR(200) NOT NULL,
  body TEXT, status VARCHAR(12) NOT NULL);
CREATE TABLE sessions (
  id CHAR(36) PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id), started TIMESTAMP NOT NULL, ended TIMESTAMP,
  ip VARCHAR(45), user_agent VARCHAR(200), pages INTEGER NOT NULL DEFAULT 1);
CREATE TABLE audit (
  id INTEGER PRIMARY KEY, at TIMESTAMP NOT NULL, actor_id INTEGER, action VARCHAR(20) NOT NULL, object VARCHAR(40) NOT NULL,
  object_id INTEGER, details TEXT);
CREATE INDEX tickets_open ON tickets (priority) WHERE closed IS NULL;
CREATE INDEX products_name ON products (lower(name));
CREATE VIEW v_customers AS SELECT id, name, email, phone, country, city, segment, vip FROM customers;
CREATE VIEW v_customer_orders AS
  SELECT c.id AS customer_id, c.name, c.email AS contact, o.id AS order_id, o.placed, o.status, o.total
  FROM customers c JOIN orders o ON o.customer_id = c.id;
CREATE VIEW v_open_invoices AS
  SELECT i.id, i.number, i.due, i.gross, o.customer_id FROM invoices i JOIN orders o ON o.id = i.order_id WHERE NOT i.paid;
CREATE VIEW v_staff AS SELECT e.id, e.name, e.title, e.department, e.email, m.name AS manager FROM employees e LEFT JOIN employees m ON m.id = e.manager_id;
CREATE VIEW v_sales_by_month AS
  SELECT strftime('%Y-%m', placed) AS month, count(*) AS orders, sum(total) AS revenue FROM orders GROUP BY 1;
CREATE TRIGGER product_price AFTER UPDATE OF price ON products WHEN old.price <> new.price BEGIN
  INSERT INTO audit (at, action, object, object_id) VALUES ('2026-11-01 00:00:00', 'price', 'products', new.id);
END;
