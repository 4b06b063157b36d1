-- A small shop: what the tests of the policy beside this file run on.
CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT, email TEXT, phone TEXT, card TEXT,
                       api_key TEXT, country TEXT);
CREATE TABLE payments(id INTEGER PRIMARY KEY, customer_id INTEGER, amount NUMERIC, status TEXT);
CREATE TABLE orders(id INTEGER PRIMARY KEY, customer_id INTEGER, placed TEXT, total NUMERIC);
