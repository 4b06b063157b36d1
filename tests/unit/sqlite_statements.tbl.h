/* SPDX-License-Identifier: MIT */
/* sqlite_statements.tbl.h - statements and what analysis must tell of them, over the schema in
 * sqlite_statements.h. STATEMENT(text, "KIND | effects | sources of each result | uses"):
 * ~ before a source means computed from it; (key) after a use: beside a full key. */
STATEMENT("SELECT ssn FROM customers",
          "SELECT | select customers | customers.ssn |")
STATEMENT("SELECT id, name, ssn FROM customers",
          "SELECT | select customers | customers.id, customers.name, customers.ssn |")
STATEMENT("SELECT * FROM customers",
          "SELECT | select customers | customers.id, customers.name, customers.email, customers.ssn, customers.balance, customers.phone |")
STATEMENT("SELECT c.* FROM customers c",
          "SELECT | select customers | customers.id, customers.name, customers.email, customers.ssn, customers.balance, customers.phone |")
STATEMENT("SELECT customers.ssn AS x FROM customers",
          "SELECT | select customers | customers.ssn |")
STATEMENT("SELECT main.customers.ssn FROM main.customers",
          "SELECT | select customers | customers.ssn |")
STATEMENT("SELECT rowid, ssn FROM customers",
          "SELECT | select customers | customers.id, customers.ssn |")
STATEMENT("SELECT \"ssn\" FROM \"customers\"",
          "SELECT | select customers | customers.ssn |")
STATEMENT("SELECT [ssn] FROM [customers]",
          "SELECT | select customers | customers.ssn |")
STATEMENT("SELECT `ssn` FROM `customers`",
          "SELECT | select customers | customers.ssn |")
STATEMENT("SELECT ssn FROM customers WHERE id = 2",
          "SELECT | select customers | customers.ssn | customers.id:filter")
STATEMENT("SELECT ssn FROM customers WHERE id = ?",
          "SELECT (1 parameters) | select customers | customers.ssn | customers.id:filter")
STATEMENT("SELECT ssn FROM customers WHERE id IN (1, 3)",
          "SELECT | select customers | customers.ssn | customers.id:filter")
STATEMENT("SELECT ssn FROM customers WHERE id BETWEEN 1 AND 3",
          "SELECT | select customers | customers.ssn | customers.id:filter")
STATEMENT("SELECT name FROM customers WHERE ssn = 'a'",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE ssn <> 'a'",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE ssn > 'a'",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE ssn BETWEEN 'a' AND 'b'",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE ssn IN ('a', 'b')",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE ssn NOT IN ('a', 'b')",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE ssn IS NULL",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE ssn IS NOT NULL",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE ssn IS 'a'",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE ssn",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE NOT ssn",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE ssn LIKE 'a%'",
          "SELECT | select customers | customers.name | customers.ssn:condition customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE ssn GLOB 'a*'",
          "SELECT | select customers | customers.name | customers.ssn:condition customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE length(ssn) = 1",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE substr(ssn, 1, 1) = 'a'",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE instr(ssn, 'a')",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE (ssn, name) = ('a', 'x')",
          "SELECT | select customers | customers.name | customers.name:filter customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE (id, ssn) IN (SELECT 1, 'a')",
          "SELECT | select customers | customers.name | customers.id:filter customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE ssn = 'a' OR id = 1",
          "SELECT | select customers | customers.name | customers.id:filter customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE id = 1 AND (ssn = 'a' OR balance > 3)",
          "SELECT | select customers | customers.name | customers.balance:filter customers.id:filter customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE CASE WHEN ssn = 'a' THEN 1 ELSE 0 END",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE coalesce(ssn, 'a') = 'a'",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE EXISTS (SELECT 1 FROM orders WHERE customer_id = customers.id)",
          "SELECT | select customers, select orders | customers.name | customers.id:join orders.customer_id:join")
STATEMENT("SELECT name FROM customers WHERE EXISTS (SELECT 1 FROM customers x WHERE x.ssn = 'a')",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE id IN (SELECT customer_id FROM orders)",
          "SELECT | select customers, select orders | customers.name | customers.id:join orders.customer_id:filter orders.customer_id:join")
STATEMENT("SELECT name FROM customers WHERE name IN (SELECT ssn FROM customers)",
          "SELECT | select customers | customers.name | customers.name:filter customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE (SELECT ssn FROM customers WHERE id = 1) = 'a'",
          "SELECT | select customers | customers.name | customers.id:filter customers.ssn:filter")
STATEMENT("SELECT name FROM customers WHERE id = (SELECT count(*) FROM orders)",
          "SELECT | select customers, select orders | customers.name | customers.id:filter")
STATEMENT("SELECT name FROM customers ORDER BY name",
          "SELECT | select customers | customers.name | customers.name:order by")
STATEMENT("SELECT name FROM customers ORDER BY ssn",
          "SELECT | select customers | customers.name | customers.ssn:order by")
STATEMENT("SELECT name FROM customers ORDER BY ssn DESC, name",
          "SELECT | select customers | customers.name | customers.name:order by customers.ssn:order by")
STATEMENT("SELECT name FROM customers ORDER BY ssn LIMIT 2",
          "SELECT | select customers | customers.name | customers.ssn:order by")
STATEMENT("SELECT name, ssn FROM customers ORDER BY 2",
          "SELECT | select customers | customers.name, customers.ssn | customers.ssn:order by")
STATEMENT("SELECT name, ssn AS x FROM customers ORDER BY x",
          "SELECT | select customers | customers.name, customers.ssn | customers.ssn:order by")
STATEMENT("SELECT name FROM customers ORDER BY length(ssn)",
          "SELECT | select customers | customers.name | customers.ssn:order by")
STATEMENT("SELECT name FROM customers ORDER BY ssn IS NULL",
          "SELECT | select customers | customers.name | customers.ssn:condition")
STATEMENT("SELECT name FROM customers ORDER BY CASE WHEN ssn = 'a' THEN 1 END",
          "SELECT | select customers | customers.name | customers.ssn:condition")
STATEMENT("SELECT name FROM customers ORDER BY (SELECT max(ssn) FROM customers)",
          "SELECT | select customers | customers.name | customers.ssn:aggregate customers.ssn:order by")
STATEMENT("SELECT ssn FROM customers ORDER BY id LIMIT 2 OFFSET 1",
          "SELECT | select customers | customers.ssn |")
STATEMENT("SELECT ssn FROM customers ORDER BY name LIMIT ?",
          "SELECT (1 parameters) | select customers | customers.ssn | customers.name:order by")
STATEMENT("SELECT name FROM customers LIMIT (SELECT length(ssn) FROM customers WHERE id = 1)",
          "SELECT | select customers | customers.name | customers.id:filter customers.ssn:filter customers.ssn:limit")
STATEMENT("SELECT name FROM customers LIMIT 2 OFFSET (SELECT length(ssn) FROM customers WHERE id = 1)",
          "SELECT | select customers | customers.name | customers.id:filter customers.ssn:limit")
STATEMENT("SELECT count(*) FROM customers",
          "SELECT | select customers | - |")
STATEMENT("SELECT count(ssn) FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:aggregate")
STATEMENT("SELECT count(DISTINCT ssn) FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:aggregate customers.ssn:distinct")
STATEMENT("SELECT min(ssn) FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:aggregate")
STATEMENT("SELECT max(ssn) FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:aggregate")
STATEMENT("SELECT max(ssn), name FROM customers",
          "SELECT | select customers | ~customers.ssn, customers.name | customers.ssn:aggregate")
STATEMENT("SELECT max(balance), ssn FROM customers",
          "SELECT | select customers | ~customers.balance, customers.ssn | customers.balance:aggregate")
STATEMENT("SELECT sum(length(ssn)) FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:aggregate")
STATEMENT("SELECT total(balance) FROM customers",
          "SELECT | select customers | ~customers.balance | customers.balance:aggregate")
STATEMENT("SELECT avg(balance) FROM customers",
          "SELECT | select customers | ~customers.balance | customers.balance:aggregate")
STATEMENT("SELECT group_concat(ssn) FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:aggregate")
STATEMENT("SELECT group_concat(name, ',') FROM customers",
          "SELECT | select customers | ~customers.name | customers.name:aggregate")
STATEMENT("SELECT count(*) FILTER (WHERE ssn = 'a') FROM customers",
          "SELECT | select customers | - | customers.ssn:filter")
STATEMENT("SELECT json_group_array(ssn) FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:aggregate")
STATEMENT("SELECT name, count(*) FROM customers GROUP BY name",
          "SELECT | select customers | customers.name, - | customers.name:group by customers.name:order by")
STATEMENT("SELECT count(*) FROM customers GROUP BY ssn",
          "SELECT | select customers | - | customers.ssn:group by customers.ssn:order by")
STATEMENT("SELECT ssn, count(*) FROM customers GROUP BY ssn",
          "SELECT | select customers | customers.ssn, - | customers.ssn:group by customers.ssn:order by")
STATEMENT("SELECT name, ssn, count(*) FROM customers GROUP BY name",
          "SELECT | select customers | customers.name, customers.ssn, - | customers.name:group by customers.name:order by")
STATEMENT("SELECT name, max(ssn) FROM customers GROUP BY name",
          "SELECT | select customers | customers.name, ~customers.ssn | customers.name:group by customers.name:order by customers.ssn:aggregate")
STATEMENT("SELECT id, ssn, count(*) FROM customers GROUP BY id",
          "SELECT | select customers | customers.id, customers.ssn, - | customers.id:group by(key)")
STATEMENT("SELECT id, ssn, count(*) FROM customers GROUP BY id, ssn",
          "SELECT | select customers | customers.id, customers.ssn, - | customers.id:group by(key) customers.ssn:group by(key)")
STATEMENT("SELECT id, ssn, count(*) FROM customers GROUP BY ssn, id",
          "SELECT | select customers | customers.id, customers.ssn, - | customers.id:group by(key) customers.ssn:group by(key)")
STATEMENT("SELECT a.id, b.ssn, count(*) FROM customers a, customers b GROUP BY a.id, b.ssn",
          "SELECT | select customers | customers.id, customers.ssn, - | customers.id:group by(key) customers.id:order by customers.ssn:group by customers.ssn:order by")
STATEMENT("SELECT name FROM customers GROUP BY name HAVING max(ssn) > 'a'",
          "SELECT | select customers | customers.name | customers.name:group by customers.name:order by customers.ssn:aggregate customers.ssn:filter")
STATEMENT("SELECT name FROM customers GROUP BY name HAVING count(*) > 1",
          "SELECT | select customers | customers.name | customers.name:group by customers.name:order by")
STATEMENT("SELECT name FROM customers GROUP BY 1 ORDER BY 1",
          "SELECT | select customers | customers.name | customers.name:group by customers.name:order by")
STATEMENT("SELECT DISTINCT name FROM customers",
          "SELECT | select customers | customers.name | customers.name:distinct")
STATEMENT("SELECT DISTINCT ssn FROM customers",
          "SELECT | select customers | customers.ssn | customers.ssn:distinct")
STATEMENT("SELECT DISTINCT name, ssn FROM customers",
          "SELECT | select customers | customers.name, customers.ssn | customers.name:distinct customers.ssn:distinct")
STATEMENT("SELECT DISTINCT id, ssn FROM customers",
          "SELECT | select customers | customers.id, customers.ssn |")
STATEMENT("SELECT DISTINCT a.id, b.ssn FROM customers a, customers b",
          "SELECT | select customers | customers.id, customers.ssn | customers.id:distinct(key) customers.ssn:distinct")
STATEMENT("SELECT DISTINCT balance FROM customers ORDER BY balance",
          "SELECT | select customers | customers.balance | customers.balance:group by customers.balance:order by")
STATEMENT("SELECT ssn || '-' FROM customers",
          "SELECT | select customers | ~customers.ssn |")
STATEMENT("SELECT upper(ssn) FROM customers",
          "SELECT | select customers | ~customers.ssn |")
STATEMENT("SELECT length(ssn), hex(ssn), quote(ssn), typeof(ssn) FROM customers",
          "SELECT | select customers | ~customers.ssn, ~customers.ssn, ~customers.ssn, ~customers.ssn |")
STATEMENT("SELECT substr(ssn, 1, 2) FROM customers",
          "SELECT | select customers | ~customers.ssn |")
STATEMENT("SELECT abs(ssn) FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:expression")
STATEMENT("SELECT -ssn FROM customers",
          "SELECT | select customers | ~customers.ssn |")
STATEMENT("SELECT ~balance, balance << 1, balance & 3 FROM customers",
          "SELECT | select customers | ~customers.balance, ~customers.balance, ~customers.balance |")
STATEMENT("SELECT ssn + 1 FROM customers",
          "SELECT | select customers | ~customers.ssn |")
STATEMENT("SELECT 1 / balance FROM customers",
          "SELECT | select customers | ~customers.balance | customers.balance:expression")
STATEMENT("SELECT balance / 2 FROM customers",
          "SELECT | select customers | ~customers.balance |")
STATEMENT("SELECT balance % 2 FROM customers",
          "SELECT | select customers | ~customers.balance |")
STATEMENT("SELECT 7 % balance FROM customers",
          "SELECT | select customers | ~customers.balance | customers.balance:expression")
STATEMENT("SELECT CAST(ssn AS INTEGER) FROM customers",
          "SELECT | select customers | ~customers.ssn |")
STATEMENT("SELECT ssn COLLATE NOCASE FROM customers",
          "SELECT | select customers | customers.ssn |")
STATEMENT("SELECT ssn = 'a' FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:condition")
STATEMENT("SELECT ssn IS NULL FROM customers",
          "SELECT | select customers | - | customers.ssn:condition")
STATEMENT("SELECT ssn IN ('a') FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:condition")
STATEMENT("SELECT ssn LIKE 'a%' FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:condition")
STATEMENT("SELECT ssn BETWEEN 'a' AND 'b' FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:condition")
STATEMENT("SELECT NOT ssn FROM customers",
          "SELECT | select customers | ~customers.ssn |")
STATEMENT("SELECT ssn AND 1 FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:condition")
STATEMENT("SELECT coalesce(ssn, 'none') FROM customers",
          "SELECT | select customers | customers.ssn | customers.ssn:condition")
STATEMENT("SELECT ifnull(ssn, name) FROM customers",
          "SELECT | select customers | customers.name customers.ssn | customers.ssn:condition")
STATEMENT("SELECT nullif(ssn, 'a') FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:condition")
STATEMENT("SELECT iif(ssn = 'a', 1, 2) FROM customers",
          "SELECT | select customers | - | customers.ssn:condition")
STATEMENT("SELECT iif(id = 1, ssn, name) FROM customers",
          "SELECT | select customers | customers.name customers.ssn | customers.id:condition")
STATEMENT("SELECT CASE ssn WHEN 'a' THEN 1 ELSE 2 END FROM customers",
          "SELECT | select customers | - | customers.ssn:condition")
STATEMENT("SELECT CASE WHEN id = 1 THEN ssn ELSE name END FROM customers",
          "SELECT | select customers | customers.name customers.ssn | customers.id:condition")
STATEMENT("SELECT max(ssn, 'a') FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:condition")
STATEMENT("SELECT min(name, ssn) FROM customers",
          "SELECT | select customers | ~customers.name ~customers.ssn | customers.name:condition customers.ssn:condition")
STATEMENT("SELECT printf('%s/%s', name, ssn) FROM customers",
          "SELECT | select customers | ~customers.name ~customers.ssn |")
STATEMENT("SELECT replace(ssn, 'a', 'b') FROM customers",
          "SELECT | select customers | ~customers.ssn |")
STATEMENT("SELECT json_extract(ssn, '$.a') FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:expression")
STATEMENT("SELECT ssn -> 'a' FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:expression")
STATEMENT("SELECT ssn ->> '$' FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:expression")
STATEMENT("SELECT json_object('k', ssn) FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:expression")
STATEMENT("SELECT date(ssn) FROM customers",
          "SELECT | select customers | ~customers.ssn | customers.ssn:expression")
STATEMENT("SELECT name || zeroblob(3) || ssn FROM customers",
          "SELECT | select customers | ~customers.name ~customers.ssn | customers.name:expression customers.ssn:expression")
STATEMENT("SELECT likely(ssn) FROM customers",
          "SELECT | select customers | customers.ssn |")
STATEMENT("SELECT 1, 'x', NULL, x'00'",
          "SELECT | select | -, -, -, - |")
STATEMENT("SELECT random(), sqlite_version(), date('now')",
          "SELECT | select | -, -, - |")
STATEMENT("VALUES (1, 2), (3, 4)",
          "SELECT | select | -, - |")
STATEMENT("SELECT ?, :a, @b, $c, ?9",
          "SELECT (9 parameters) | select | -, -, -, -, - |")
STATEMENT("SELECT name FROM customers UNION ALL SELECT ssn FROM customers",
          "SELECT | select customers | customers.name customers.ssn |")
STATEMENT("SELECT name FROM customers UNION SELECT ssn FROM customers",
          "SELECT | select customers | customers.name customers.ssn | customers.name:set operation customers.ssn:set operation")
STATEMENT("SELECT name FROM customers INTERSECT SELECT ssn FROM customers",
          "SELECT | select customers | customers.name | customers.name:set operation customers.ssn:set operation")
STATEMENT("SELECT name FROM customers EXCEPT SELECT ssn FROM customers",
          "SELECT | select customers | customers.name | customers.name:set operation customers.ssn:set operation")
STATEMENT("SELECT id, ssn FROM customers UNION ALL SELECT id, note FROM orders ORDER BY 1",
          "SELECT | select orders, select customers | customers.id orders.id, customers.ssn orders.note | customers.id:order by orders.id:order by")
STATEMENT("SELECT id, ssn FROM customers UNION ALL SELECT id, note FROM orders ORDER BY 2",
          "SELECT | select orders, select customers | customers.id orders.id, customers.ssn orders.note | customers.phone:order by customers.ssn:order by orders.note:order by")
STATEMENT("SELECT id, ssn FROM customers UNION SELECT id, note FROM orders",
          "SELECT | select orders, select customers | customers.id orders.id, customers.ssn orders.note | customers.id:set operation customers.ssn:set operation orders.id:set operation orders.note:set operation")
STATEMENT("SELECT name FROM (SELECT name, ssn FROM customers)",
          "SELECT | select customers | customers.name |")
STATEMENT("SELECT x FROM (SELECT ssn AS x FROM customers)",
          "SELECT | select customers | customers.ssn |")
STATEMENT("SELECT x FROM (SELECT ssn AS x FROM customers LIMIT 3)",
          "SELECT | select customers | customers.ssn |")
STATEMENT("SELECT y FROM (SELECT x || 'z' AS y FROM (SELECT ssn AS x FROM customers LIMIT 3))",
          "SELECT | select customers | ~customers.ssn |")
STATEMENT("SELECT (SELECT ssn FROM customers c WHERE c.id = o.customer_id) FROM orders o",
          "SELECT | select customers, select orders | customers.ssn | customers.id:join orders.customer_id:join")
STATEMENT("SELECT (SELECT name FROM customers c WHERE c.ssn = o.note) FROM orders o",
          "SELECT | select customers, select orders | customers.name | customers.ssn:join orders.note:join")
STATEMENT("SELECT (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) FROM customers c",
          "SELECT | select orders, select customers | - | customers.id:join orders.customer_id:join")
STATEMENT("SELECT c.ssn, o.amount FROM customers c JOIN orders o ON o.customer_id = c.id",
          "SELECT | select customers, select orders | customers.ssn, orders.amount | customers.id:join orders.customer_id:join")
STATEMENT("SELECT c.ssn, o.amount FROM customers c LEFT JOIN orders o ON o.customer_id = c.id",
          "SELECT | select customers, select orders | customers.ssn, orders.amount | customers.id:join orders.customer_id:join")
STATEMENT("SELECT c.ssn, o.amount FROM customers c RIGHT JOIN orders o ON o.customer_id = c.id",
          "SELECT | select customers, select orders | customers.ssn, orders.amount | customers.id:join orders.customer_id:join orders.id:filter orders.id:join")
STATEMENT("SELECT c.ssn, o.amount FROM customers c FULL JOIN orders o ON o.customer_id = c.id",
          "SELECT | select customers, select orders | customers.ssn, orders.amount | customers.id:join orders.customer_id:join orders.id:filter orders.id:join")
STATEMENT("SELECT c.name, o.amount FROM customers c JOIN orders o ON o.note = c.ssn",
          "SELECT | select customers, select orders | customers.name, orders.amount | customers.ssn:join orders.note:join")
STATEMENT("SELECT c.name FROM customers c CROSS JOIN orders o",
          "SELECT | select customers, select orders | customers.name |")
STATEMENT("SELECT c.name FROM customers c, customers d WHERE c.ssn = d.ssn AND c.id < d.id",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT a.ssn FROM customers a JOIN customers b USING (id)",
          "SELECT | select customers | customers.ssn |")
STATEMENT("SELECT a.name FROM customers a JOIN customers b USING (ssn)",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT name FROM customers NATURAL JOIN (SELECT 'a' AS ssn)",
          "SELECT | select customers | customers.name | customers.ssn:filter")
STATEMENT("SELECT count(*) FROM customers NATURAL JOIN secrets",
          "SELECT | select customers, select secrets | - | customers.ssn:join secrets.ssn:join")
STATEMENT("WITH x AS (SELECT ssn FROM customers) SELECT * FROM x",
          "SELECT | select customers | customers.ssn |")
STATEMENT("WITH x(a, b) AS (SELECT id, ssn FROM customers) SELECT b FROM x WHERE a = 1",
          "SELECT | select customers | customers.ssn | customers.id:filter")
STATEMENT("WITH x AS MATERIALIZED (SELECT id, ssn FROM customers) SELECT p.id, q.ssn FROM x p, x q",
          "SELECT | select customers | customers.id, customers.ssn |")
STATEMENT("WITH x AS MATERIALIZED (SELECT id, ssn FROM customers) SELECT p.id, q.ssn, count(*) FROM x p, x q GROUP BY p.id, q.ssn",
          "SELECT | select customers | customers.id, customers.ssn, - | customers.id:order by customers.id:window customers.ssn:order by customers.ssn:window")
STATEMENT("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r",
          "SELECT | select | - |")
STATEMENT("WITH RECURSIVE r(s, n) AS (SELECT ssn, 1 FROM customers UNION ALL SELECT s || 'x', n + 1 FROM r WHERE n < 3) SELECT s FROM r",
          "SELECT | select customers | ~customers.ssn |")
STATEMENT("WITH RECURSIVE r(s, n) AS (SELECT ssn, 1 FROM customers UNION SELECT s, n + 1 FROM r WHERE n < 3) SELECT n FROM r",
          "SELECT | select customers | - | customers.ssn:filter")
STATEMENT("WITH RECURSIVE r(s) AS (SELECT ssn FROM customers UNION ALL SELECT substr(s, 2) FROM r WHERE s <> '') SELECT count(*) FROM r",
          "SELECT | select customers | - | customers.ssn:filter")
STATEMENT("WITH RECURSIVE r(i, s) AS (SELECT id, ssn FROM customers UNION ALL SELECT i + 10, s FROM r WHERE i < 10 ORDER BY 2) SELECT i FROM r",
          "SELECT | select customers | ~customers.id | customers.id:filter customers.ssn:set operation")
STATEMENT("SELECT id, row_number() OVER (ORDER BY id) FROM customers",
          "SELECT | select customers | customers.id, - |")
STATEMENT("SELECT id, row_number() OVER (ORDER BY ssn) FROM customers",
          "SELECT | select customers | customers.id, - | customers.phone:order by customers.ssn:order by")
STATEMENT("SELECT id, rank() OVER (PARTITION BY name ORDER BY balance) FROM customers",
          "SELECT | select customers | customers.id, - | customers.balance:order by customers.balance:window customers.name:order by customers.name:window")
STATEMENT("SELECT id, count(*) OVER (PARTITION BY ssn) FROM customers",
          "SELECT | select customers | customers.id, - | customers.phone:order by customers.ssn:order by customers.ssn:window")
STATEMENT("SELECT id, first_value(ssn) OVER (ORDER BY id) FROM customers",
          "SELECT | select customers | customers.id, customers.ssn | customers.id:window")
STATEMENT("SELECT id, lag(ssn, 1, 'none') OVER (ORDER BY id) FROM customers",
          "SELECT | select customers | customers.id, customers.ssn |")
STATEMENT("SELECT id, lead(name, length(ssn)) OVER (ORDER BY id) FROM customers",
          "SELECT | select customers | customers.id, customers.name | customers.ssn:condition")
STATEMENT("SELECT id, nth_value(ssn, 2) OVER (ORDER BY id) FROM customers",
          "SELECT | select customers | customers.id, customers.ssn | customers.id:window")
STATEMENT("SELECT id, max(ssn) OVER (ORDER BY id ROWS 1 PRECEDING) FROM customers",
          "SELECT | select customers | customers.id, customers.ssn | customers.ssn:condition customers.ssn:filter")
STATEMENT("SELECT id, sum(balance) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM customers",
          "SELECT | select customers | customers.id, ~customers.balance | customers.balance:aggregate customers.id:window")
STATEMENT("SELECT id, sum(balance) OVER (ORDER BY balance RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM customers",
          "SELECT | select customers | customers.id, ~customers.balance | customers.balance:aggregate customers.balance:condition customers.balance:order by customers.balance:window")
STATEMENT("SELECT id, ntile(2) OVER w FROM customers WINDOW w AS (ORDER BY name)",
          "SELECT | select customers | customers.id, - | customers.name:order by")
STATEMENT("SELECT * FROM all_customers",
          "SELECT | select all_customers, select customers | customers.id, customers.name, customers.email, customers.ssn, customers.balance, customers.phone |")
STATEMENT("SELECT name FROM all_customers",
          "SELECT | select all_customers, select customers | customers.name |")
STATEMENT("SELECT ssn FROM all_customers WHERE id = 1",
          "SELECT | select all_customers, select customers | customers.ssn | customers.id:filter")
STATEMENT("SELECT name FROM some_customers",
          "SELECT | select some_customers, select customers | customers.name | customers.ssn:condition customers.ssn:filter")
STATEMENT("SELECT * FROM totals",
          "SELECT | select totals, select customers | customers.name, ~customers.balance | customers.balance:aggregate customers.name:group by customers.name:order by")
STATEMENT("SELECT name FROM deep",
          "SELECT | select all_customers, select customers, select deep | customers.name |")
STATEMENT("SELECT low, up, email FROM gen",
          "SELECT | select gen | gen.low ~gen.email, gen.up ~gen.email, gen.email |")
STATEMENT("SELECT id FROM gen WHERE low = 'x'",
          "SELECT | select gen | gen.id | gen.email:filter gen.low:filter")
STATEMENT("SELECT id FROM gen ORDER BY up",
          "SELECT | select gen | gen.id | gen.email:order by gen.up:order by")
STATEMENT("SELECT a, c FROM wr",
          "SELECT | select wr | wr.a, wr.c |")
STATEMENT("SELECT c FROM wr WHERE a = 'x' AND b > 'y'",
          "SELECT | select wr | wr.c | wr.a:filter wr.b:filter")
STATEMENT("SELECT c FROM wr ORDER BY a, b",
          "SELECT | select wr | wr.c | wr.a:order by wr.b:order by")
STATEMENT("SELECT a FROM wr ORDER BY c",
          "SELECT | select wr | wr.a | wr.c:order by")
STATEMENT("SELECT DISTINCT a, b, c FROM wr",
          "SELECT | select wr | wr.a, wr.b, wr.c |")
STATEMENT("SELECT c FROM wr GROUP BY a, b, c",
          "SELECT | select wr | wr.c | wr.a:group by(key) wr.b:group by(key) wr.c:group by(key)")
STATEMENT("SELECT value FROM json_each('[1,2]')",
          "SELECT | select | - |")
STATEMENT("SELECT j.value FROM customers c, json_each(c.ssn) j",
          "SELECT | select customers | ~customers.ssn | customers.ssn:expression customers.ssn:row source")
STATEMENT("SELECT c.id, j.key FROM customers c, json_tree(c.ssn, '$.a') j WHERE j.type = 'text'",
          "SELECT | select customers | customers.id, ~customers.ssn | customers.ssn:expression customers.ssn:filter customers.ssn:row source")
STATEMENT("SELECT name FROM pragma_table_info('customers')",
          "SELECT | pragma table_info | - |")
STATEMENT("SELECT name, sql FROM sqlite_master",
          "SELECT | select sqlite_master | sqlite_master.name, sqlite_master.sql |")
STATEMENT("SELECT name FROM sqlite_schema WHERE type = 'table'",
          "SELECT | select sqlite_master | sqlite_master.name | sqlite_master.type:filter")
STATEMENT("SELECT * FROM sqlite_temp_master",
          "SELECT | select sqlite_temp_master | sqlite_temp_master.type, sqlite_temp_master.name, sqlite_temp_master.tbl_name, sqlite_temp_master.rootpage, sqlite_temp_master.sql |")
STATEMENT("SELECT * FROM sqlite_sequence",
          "SELECT | select sqlite_sequence | sqlite_sequence.name, sqlite_sequence.seq |")
STATEMENT("SELECT secret FROM tmp",
          "SELECT | select tmp | tmp.secret |")
STATEMENT("SELECT t.secret, c.ssn FROM tmp t JOIN customers c ON c.id = t.id",
          "SELECT | select tmp, select customers | tmp.secret, customers.ssn | customers.id:join tmp.id:join")
STATEMENT("INSERT INTO customers (id, name, ssn) VALUES (9, 'x', 'y')",
          "INSERT | insert customers, select customers | | customers.id:filter")
STATEMENT("INSERT INTO customers VALUES (9, 'x', 'y', 'z', 1, 'p')",
          "INSERT | insert customers, select customers | | customers.id:filter")
STATEMENT("INSERT INTO customers (name, ssn) SELECT name, ssn FROM customers WHERE id = 1",
          "INSERT | insert customers, select customers | | customers.id:filter")
STATEMENT("INSERT INTO customers (name) SELECT ssn FROM customers WHERE id = 1",
          "INSERT | insert customers, select customers | | customers.id:filter customers.ssn:stored elsewhere")
STATEMENT("INSERT INTO orders (customer_id, note) SELECT id, ssn FROM customers",
          "INSERT | insert orders, select customers | | customers.id:expression customers.id:stored elsewhere customers.ssn:stored elsewhere")
STATEMENT("INSERT INTO orders SELECT * FROM orders WHERE 0",
          "INSERT | insert orders, select orders | | orders.id:filter")
STATEMENT("INSERT INTO copy SELECT id, ssn FROM customers",
          "INSERT | insert copy, select customers | | customers.id:stored elsewhere customers.ssn:stored elsewhere")
STATEMENT("INSERT INTO copy SELECT * FROM copy2",
          "INSERT | insert copy, select copy2 | | copy2.n:stored elsewhere copy2.s:stored elsewhere")
STATEMENT("INSERT OR REPLACE INTO customers (id, name) VALUES (1, 'x')",
          "INSERT | insert customers, delete customers, select customers | | customers.id:filter")
STATEMENT("REPLACE INTO customers (id, name) VALUES (1, 'x')",
          "INSERT | insert customers, delete customers, select customers | | customers.id:filter")
STATEMENT("INSERT OR IGNORE INTO customers (id, name) VALUES (1, 'x')",
          "INSERT | insert customers, select customers | | customers.id:filter")
STATEMENT("INSERT INTO customers (id, name) VALUES (1, 'x') ON CONFLICT (id) DO NOTHING",
          "INSERT | insert customers, select customers | | customers.id:filter")
STATEMENT("INSERT INTO customers (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
          "INSERT | insert customers, select customers, update customers, insert audit | | customers.id:filter customers.name:stored elsewhere customers.ssn:stored elsewhere")
STATEMENT("INSERT INTO customers (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = ssn",
          "INSERT | insert customers, select customers, update customers, insert audit | | customers.id:filter customers.name:stored elsewhere customers.ssn:stored elsewhere")
STATEMENT("INSERT INTO customers (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET phone = 'p' WHERE ssn = 'a'",
          "INSERT | insert customers, select customers, update customers | | customers.id:filter customers.ssn:filter")
STATEMENT("INSERT INTO customers (id, name, ssn) VALUES (8, 'x', 'y') RETURNING id, ssn",
          "INSERT | insert customers, select customers | customers.id, customers.ssn | customers.id:filter")
STATEMENT("INSERT INTO wr VALUES ('n', 'm', 'o', 'p')",
          "INSERT | insert wr, select wr | | wr.a:conflict target wr.b:conflict target")
STATEMENT("INSERT INTO seq (t) VALUES ('x')",
          "INSERT | insert seq | |")
STATEMENT("INSERT INTO gen (email) VALUES ('A')",
          "INSERT | insert gen | |")
STATEMENT("INSERT INTO tmp (secret) SELECT ssn FROM customers",
          "INSERT | insert tmp, select customers | | customers.ssn:stored elsewhere")
STATEMENT("INSERT INTO all_customers (name) VALUES ('v')",
          "INSERT | insert all_customers, insert customers, select all_customers | |")
STATEMENT("INSERT INTO checked (id, a, b) SELECT 7, a, 'guess' FROM checked WHERE id = 1",
          "INSERT | insert checked, select checked | | checked.a:expression checked.id:filter")
STATEMENT("UPDATE customers SET balance = 1",
          "UPDATE | update customers, select customers | |")
STATEMENT("UPDATE customers SET balance = balance + 1 WHERE id = 1",
          "UPDATE | select customers, update customers | | customers.id:filter")
STATEMENT("UPDATE customers SET ssn = 'new' WHERE id = 1",
          "UPDATE | update customers, select customers | | customers.id:filter")
STATEMENT("UPDATE customers SET ssn = upper(ssn)",
          "UPDATE | select customers, update customers | |")
STATEMENT("UPDATE customers SET ssn = nullif(ssn, 'a')",
          "UPDATE | select customers, update customers | | customers.ssn:condition")
STATEMENT("UPDATE customers SET ssn = NULL WHERE ssn = 'a'",
          "UPDATE | update customers, select customers | | customers.ssn:filter")
STATEMENT("UPDATE customers SET phone = ssn",
          "UPDATE | select customers, update customers | | customers.ssn:stored elsewhere")
STATEMENT("UPDATE customers SET phone = 'x' WHERE ssn = 'a'",
          "UPDATE | update customers, select customers | | customers.ssn:filter")
STATEMENT("UPDATE customers SET ssn = name",
          "UPDATE | select customers, update customers | | customers.name:stored elsewhere")
STATEMENT("UPDATE customers SET ssn = (SELECT note FROM orders WHERE customer_id = customers.id)",
          "UPDATE | select orders, select customers, update customers | | customers.id:join orders.customer_id:join orders.note:stored elsewhere")
STATEMENT("UPDATE customers SET (name, phone) = (SELECT note, 'x' FROM orders LIMIT 1)",
          "UPDATE | select orders, update customers, insert audit, select customers | | customers.name:stored elsewhere customers.ssn:stored elsewhere orders.note:stored elsewhere")
STATEMENT("UPDATE customers SET phone = o.note FROM orders o WHERE o.customer_id = customers.id",
          "UPDATE | update customers, select orders, select customers | | customers.id:join orders.customer_id:join orders.note:stored elsewhere")
STATEMENT("UPDATE customers SET balance = 5 FROM orders o WHERE o.note = customers.ssn",
          "UPDATE | update customers, select orders, select customers | | customers.ssn:join orders.note:join")
STATEMENT("UPDATE customers SET name = 'n' WHERE id = 1",
          "UPDATE | update customers, select customers, insert audit | | customers.id:filter customers.name:stored elsewhere customers.ssn:stored elsewhere")
STATEMENT("UPDATE customers SET id = id + 100 WHERE id = 1",
          "UPDATE | select customers, update customers | | customers.id:filter customers.id:limit")
STATEMENT("UPDATE customers SET balance = 2 WHERE id = 1 RETURNING ssn",
          "UPDATE | update customers, select customers | customers.ssn | customers.id:filter")
STATEMENT("UPDATE OR IGNORE customers SET email = 'e' WHERE id = 1",
          "UPDATE | update customers, select customers | | customers.id:filter")
STATEMENT("UPDATE wr SET c = 'z' WHERE a = 'x'",
          "UPDATE | update wr, select wr | | wr.a:conflict target wr.a:filter wr.b:conflict target wr.b:filter")
STATEMENT("UPDATE wr SET b = c",
          "UPDATE | select wr, update wr | | wr.a:conflict target wr.a:filter wr.b:conflict target wr.b:filter wr.c:conflict target wr.c:filter wr.c:stored elsewhere wr.d:filter")
STATEMENT("UPDATE wr SET d = 'd' WHERE c = 'q'",
          "UPDATE | update wr, select wr | | wr.a:conflict target wr.b:conflict target wr.b:filter wr.c:filter")
STATEMENT("UPDATE checked SET b = 'guess' WHERE id = 1",
          "UPDATE | update checked, select checked | | checked.a:expression checked.id:filter")
STATEMENT("UPDATE checked SET c = 'free' WHERE id = 1",
          "UPDATE | update checked, select checked | | checked.id:filter")
STATEMENT("UPDATE gen SET email = 'B' WHERE id = 1",
          "UPDATE | update gen, select gen | | gen.id:filter")
STATEMENT("UPDATE orders SET note = 'n' WHERE customer_id IN (SELECT id FROM customers WHERE ssn = 'a')",
          "UPDATE | update orders, select customers, select orders | | customers.id:filter customers.id:join customers.ssn:filter orders.customer_id:filter orders.customer_id:join")
STATEMENT("DELETE FROM customers",
          "DELETE | delete customers | |")
STATEMENT("DELETE FROM customers WHERE id = 1",
          "DELETE | delete customers, select customers | | customers.id:filter")
STATEMENT("DELETE FROM customers WHERE ssn = 'a'",
          "DELETE | delete customers, select customers | | customers.ssn:filter")
STATEMENT("DELETE FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE name = 'x')",
          "DELETE | delete orders, select customers, select orders | | customers.id:filter customers.id:join customers.name:filter orders.customer_id:filter orders.customer_id:join")
STATEMENT("DELETE FROM customers WHERE id = 1 RETURNING ssn",
          "DELETE | delete customers, select customers | customers.ssn | customers.id:filter")
STATEMENT("WITH m AS (SELECT 1) DELETE FROM customers",
          "DELETE | delete customers | |")
STATEMENT("WITH x AS (SELECT id FROM customers WHERE ssn = 'a') DELETE FROM orders WHERE customer_id IN x",
          "DELETE | delete orders, select customers, select orders | | customers.id:filter customers.id:join customers.ssn:filter orders.customer_id:filter orders.customer_id:join")
STATEMENT("WITH x AS (SELECT ssn FROM customers) INSERT INTO copy SELECT 1, ssn FROM x",
          "INSERT | insert copy, select customers | | customers.ssn:stored elsewhere")
STATEMENT("DELETE FROM wr WHERE a = 'x'",
          "DELETE | delete wr, select wr | | wr.a:filter")
STATEMENT("CREATE TABLE n (a INT, b TEXT)",
          "CREATE TABLE (catalog) | create n | |")
STATEMENT("CREATE TABLE n AS SELECT ssn FROM customers",
          "CREATE TABLE (catalog) | create n, select customers | | customers.ssn:stored elsewhere")
STATEMENT("CREATE TABLE n AS SELECT id, name FROM customers",
          "CREATE TABLE (catalog) | create n, select customers | | customers.id:stored elsewhere customers.name:stored elsewhere")
STATEMENT("CREATE TEMP TABLE n AS SELECT ssn FROM customers",
          "CREATE TABLE (catalog) | create n, select customers | | customers.ssn:stored elsewhere")
STATEMENT("CREATE TABLE IF NOT EXISTS customers (x)",
          "CREATE TABLE (catalog) | create customers | |")
STATEMENT("CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INTEGER CHECK (b > length(a)) REFERENCES customers(id))",
          "CREATE TABLE (catalog) | create n | |")
STATEMENT("CREATE TABLE n (a INTEGER, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID",
          "CREATE TABLE (catalog) | create n | |")
STATEMENT("CREATE TABLE dbstat AS SELECT * FROM dbstat",
          "CREATE TABLE (catalog) | | refused: the virtual table dbstat")
STATEMENT("CREATE INDEX i1 ON customers (name)",
          "CREATE INDEX (catalog) | create i1, alter customers, select customers | | customers.id:order by customers.id:stored elsewhere customers.name:order by customers.name:stored elsewhere")
STATEMENT("CREATE INDEX i1 ON customers (ssn)",
          "CREATE INDEX (catalog) | create i1, alter customers, select customers | | customers.id:order by customers.id:stored elsewhere customers.ssn:order by customers.ssn:stored elsewhere")
STATEMENT("CREATE VIEW v1 AS SELECT ssn FROM customers",
          "CREATE VIEW (catalog) | create v1 | |")
STATEMENT("CREATE TEMP VIEW v1 AS SELECT 1",
          "CREATE VIEW (catalog) | create v1 | |")
STATEMENT("CREATE TRIGGER t1 AFTER INSERT ON orders BEGIN DELETE FROM customers; END",
          "CREATE TRIGGER (catalog) | create t1, alter orders | |")
STATEMENT("CREATE VIRTUAL TABLE f1 USING fts5(x)",
          "CREATE VIRTUAL TABLE | | refused: making or removing a virtual table")
STATEMENT("DROP TABLE orders",
          "DROP TABLE (catalog) | drop orders, delete orders | |")
STATEMENT("DROP TABLE IF EXISTS nosuch",
          "DROP TABLE (catalog) | | |")
STATEMENT("DROP VIEW all_customers",
          "DROP VIEW (catalog) | drop all_customers, delete all_customers, drop on_view, alter all_customers | |")
STATEMENT("DROP INDEX by_phone",
          "DROP INDEX (catalog) | drop by_phone, alter customers | |")
STATEMENT("DROP INDEX nosuch",
          "DROP INDEX (catalog) | | refused: the unknown index nosuch")
STATEMENT("DROP TRIGGER on_name",
          "DROP TRIGGER (catalog) | drop on_name, alter customers | |")
STATEMENT("ALTER TABLE orders ADD COLUMN z TEXT",
          "ALTER TABLE (catalog) | alter orders | |")
STATEMENT("ALTER TABLE customers ADD COLUMN z TEXT CHECK (ssn <> 'a')",
          "ALTER TABLE (catalog) | alter customers | | customers.balance:expression customers.email:expression customers.id:expression customers.name:expression customers.phone:expression customers.ssn:expression")
STATEMENT("ALTER TABLE customers RENAME TO other",
          "ALTER TABLE (catalog) | alter customers | | customers.balance:stored elsewhere customers.email:stored elsewhere customers.id:stored elsewhere customers.name:stored elsewhere customers.phone:stored elsewhere customers.ssn:stored elsewhere")
STATEMENT("ALTER TABLE customers RENAME COLUMN ssn TO harmless",
          "ALTER TABLE (catalog) | alter customers | | customers.ssn:expression")
STATEMENT("ALTER TABLE customers DROP COLUMN phone",
          "ALTER TABLE (catalog) | alter customers | | customers.phone:expression")
STATEMENT("BEGIN",
          "BEGIN (transaction) | | |")
STATEMENT("BEGIN IMMEDIATE",
          "BEGIN (transaction) | | |")
STATEMENT("COMMIT",
          "COMMIT (transaction) | | |")
STATEMENT("END",
          "COMMIT (transaction) | | |")
STATEMENT("ROLLBACK",
          "ROLLBACK (transaction) | | |")
STATEMENT("SAVEPOINT a",
          "SAVEPOINT (transaction) | | |")
STATEMENT("ROLLBACK TO a",
          "ROLLBACK (transaction) | | |")
STATEMENT("RELEASE a",
          "RELEASE (transaction) | | |")
STATEMENT("PRAGMA table_info(customers)",
          "PRAGMA | pragma table_info | -, -, -, -, -, - |")
STATEMENT("PRAGMA foreign_keys",
          "PRAGMA | pragma foreign_keys | - |")
STATEMENT("PRAGMA foreign_keys = ON",
          "PRAGMA | pragma foreign_keys | |")
STATEMENT("PRAGMA main.user_version",
          "PRAGMA | pragma user_version | - |")
STATEMENT("PRAGMA writable_schema = 1",
          "PRAGMA | | refused: PRAGMA writable_schema with a value")
STATEMENT("PRAGMA nosuch",
          "PRAGMA | | refused: PRAGMA nosuch")
STATEMENT("ATTACH 'file.db' AS z",
          "ATTACH | attach attached | |")
STATEMENT("DETACH z",
          "DETACH | attach attached | |")
STATEMENT("VACUUM",
          "VACUUM | maintenance | |")
STATEMENT("VACUUM INTO 'copy.db'",
          "VACUUM | | refused: VACUUM INTO, which writes a copy of the whole database")
STATEMENT("ANALYZE",
          "ANALYZE | maintenance, select wr | | wr.b:filter")
STATEMENT("REINDEX",
          "REINDEX | maintenance, select wr | | wr.a:conflict target wr.a:expression wr.a:order by wr.b:conflict target wr.b:expression wr.b:order by")
STATEMENT("EXPLAIN SELECT ssn FROM customers",
          "EXPLAIN | explain customers | -, -, -, -, -, -, -, - | customers.ssn:explain")
STATEMENT("EXPLAIN QUERY PLAN SELECT name FROM customers WHERE id = 1",
          "EXPLAIN | explain customers | -, -, -, - | customers.id:explain customers.name:explain")
STATEMENT("EXPLAIN DELETE FROM customers",
          "EXPLAIN | explain customers | -, -, -, -, -, -, -, - |")
STATEMENT("SELECT load_extension('x')",
          "SELECT | select UNKNOWN FUNCTION load_extension | - |")
STATEMENT("SELECT readfile('x')",
          "SELECT | | refused: the engine says: no such function: readfile")
STATEMENT("SELECT * FROM dbstat",
          "SELECT | | refused: the virtual table dbstat")
STATEMENT("SELECT * FROM sqlite_stmt",
          "SELECT | | refused: the virtual table sqlite_stmt")
STATEMENT("SELECT * FROM ft",
          "SELECT | select ft | ft.body |")
STATEMENT("SELECT c0 FROM ft_content",
          "SELECT | | refused: the virtual table ft_content")
STATEMENT("SELECT * FROM nosuch",
          "SELECT | | refused: the engine says: no such table: nosuch")
STATEMENT("SELECT nosuch FROM customers",
          "SELECT | | refused: the engine says: no such column: nosuch")
STATEMENT("SELECT \"nosuch\" FROM customers",
          "SELECT | | refused: the engine says: no such column: nosuch")
STATEMENT("SELECT 1; SELECT 2",
          "SELECT | | refused: more than one statement in one text")
STATEMENT("SELECT 1;",
          "SELECT | select | - |")
STATEMENT("SELECT 1; -- tail",
          "SELECT | select | - |")
STATEMENT("-- nothing",
          "UNKNOWN | | refused: a text without a statement")
STATEMENT(";",
          "UNKNOWN | | refused: a text without a statement")
STATEMENT("SELEC 1",
          "UNKNOWN | | refused: the engine says: near \"SELEC\": syntax error")
STATEMENT("SELECT 'open",
          "UNKNOWN | | refused: an unterminated string constant")
STATEMENT("SELECT ssn FROM customers INDEXED BY by_phone",
          "SELECT | select customers | customers.ssn | customers.phone:order by customers.ssn:order by")
STATEMENT("SELECT z.ssn FROM z.customers",
          "SELECT | | refused: the engine says: no such table: z.customers")
STATEMENT("SELECT min(id), max(id) FROM customers",
          "SELECT | select customers | ~customers.id, ~customers.id | customers.id:aggregate")
STATEMENT("SELECT ssn FROM customers WHERE rowid = 1",
          "SELECT | select customers | customers.ssn | customers.id:filter")
STATEMENT("SELECT count(*) FROM (SELECT DISTINCT ssn FROM customers)",
          "SELECT | select customers | - | customers.ssn:distinct")
STATEMENT("SELECT count(*) FROM (SELECT ssn FROM customers LIMIT 2)",
          "SELECT | select customers | - |")
STATEMENT("SELECT name FROM customers WHERE phone > '1' ORDER BY phone",
          "SELECT | select customers | customers.name | customers.phone:filter customers.phone:order by customers.ssn:order by")
STATEMENT("SELECT ssn, phone FROM customers WHERE phone = '1'",
          "SELECT | select customers | customers.ssn, customers.phone | customers.phone:filter customers.ssn:order by")
STATEMENT("SELECT sum(CASE WHEN ssn = 'a' THEN 1 ELSE 0 END) FROM customers",
          "SELECT | select customers | - | customers.ssn:condition")
STATEMENT("SELECT name FROM customers c WHERE (SELECT max(x.ssn) FROM customers x) = c.ssn",
          "SELECT | select customers | customers.name | customers.ssn:aggregate customers.ssn:filter")
STATEMENT("SELECT x.n FROM (SELECT count(*) AS n, ssn FROM customers GROUP BY ssn) x",
          "SELECT | select customers | - | customers.ssn:group by customers.ssn:order by")
STATEMENT("SELECT total FROM totals WHERE name = 'x'",
          "SELECT | select totals, select customers | ~customers.balance | customers.balance:aggregate customers.name:filter customers.name:group by")
STATEMENT("SELECT c.id FROM customers c LEFT JOIN orders o ON o.note = c.ssn WHERE o.id IS NULL",
          "SELECT | select customers, select orders | customers.id | customers.ssn:join orders.note:join")
STATEMENT("SELECT o.note FROM orders o ORDER BY o.amount, o.id",
          "SELECT | select orders | orders.note | orders.amount:order by orders.id:order by")
STATEMENT("SELECT (SELECT group_concat(ssn) FROM (SELECT ssn FROM customers ORDER BY ssn))",
          "SELECT | select customers | ~customers.ssn | customers.ssn:aggregate customers.ssn:order by")
STATEMENT("SELECT max(a.ssn) FROM customers a GROUP BY a.id",
          "SELECT | select customers | ~customers.ssn | customers.id:group by(key) customers.ssn:aggregate")
STATEMENT("SELECT name FROM customers WHERE ssn MATCH 'x'",
          "SELECT | select customers | customers.name | customers.ssn:condition customers.ssn:filter")
STATEMENT("SELECT cast(ssn AS BLOB) || name FROM customers",
          "SELECT | select customers | ~customers.name ~customers.ssn |")
STATEMENT("SELECT 1 WHERE 'a' IN (SELECT ssn FROM customers)",
          "SELECT | select customers | - | customers.ssn:filter")
STATEMENT("SELECT changes(), last_insert_rowid(), total_changes()",
          "SELECT | select | -, -, - |")
STATEMENT("SELECT ssn IS NOT DISTINCT FROM 'a' FROM customers",
          "SELECT | select customers | - | customers.ssn:condition")
STATEMENT("SELECT unicode(ssn), char(65), soundex(ssn) FROM customers",
          "SELECT | select customers | ~customers.ssn, -, ~customers.ssn | customers.ssn:expression")
STATEMENT("SELECT id, (ssn = 'a') + 1 FROM customers",
          "SELECT | select customers | customers.id, ~customers.ssn | customers.ssn:condition")
STATEMENT("SELECT id, exists (SELECT 1 FROM customers x WHERE x.ssn = c.ssn AND x.id <> c.id) FROM customers c",
          "SELECT | select customers | customers.id, - | customers.id:filter customers.ssn:filter")
STATEMENT("SELECT count(*) FROM dbstat",
          "SELECT | | refused: the virtual table dbstat")
STATEMENT("WITH r AS (SELECT ssn FROM customers) SELECT count(*) FROM r",
          "SELECT | select customers | - |")
STATEMENT("SELECT count(*) FROM json_each('[1]')",
          "SELECT | select | - |")
STATEMENT("SELECT (balance - 500) AND NULL FROM customers",
          "SELECT | select customers | ~customers.balance | customers.balance:condition")
