/* SPDX-License-Identifier: MIT */
/* sqlite_corpus.tbl.h - statements with known lineage that the engine in use must give before it is
 * trusted. CORPUS(text, "results | uses"): for each result column its sources, ~ before a computed
 * one, - for none; then uses as column:word. The schema is in sqlite_check.c. */
CORPUS("SELECT a FROM t",
       "t.a |")
CORPUS("SELECT id, b || 'x' FROM t",
       "t.id, ~t.b |")
CORPUS("SELECT * FROM t",
       "t.id, t.a, t.b, t.c, t.n |")
CORPUS("SELECT a FROM t WHERE b = 'x'",
       "t.a | t.b:filter")
CORPUS("SELECT a FROM t WHERE b IN ('x', 'y')",
       "t.a | t.b:filter")
CORPUS("SELECT a FROM t WHERE b IS NULL",
       "t.a | t.b:filter")
CORPUS("SELECT a FROM t WHERE b LIKE 'x%'",
       "t.a | t.b:condition t.b:filter")
CORPUS("SELECT a FROM t WHERE id = 3",
       "t.a | t.id:filter")
CORPUS("SELECT a FROM t WHERE id IN (SELECT t_id FROM u WHERE v = 'x')",
       "t.a | t.id:join u.t_id:filter u.t_id:join u.v:filter")
CORPUS("SELECT a FROM t ORDER BY b",
       "t.a | t.b:order by")
CORPUS("SELECT a FROM t ORDER BY b LIMIT 2",
       "t.a | t.b:order by")
CORPUS("SELECT a FROM t ORDER BY id LIMIT 2 OFFSET 1",
       "t.a |")
CORPUS("SELECT a FROM t LIMIT (SELECT n FROM t)",
       "t.a | t.n:condition t.n:limit")
CORPUS("SELECT b, count(*) FROM t GROUP BY b",
       "t.b, - | t.b:group by t.b:order by")
CORPUS("SELECT id, b, count(*) FROM t GROUP BY id, b",
       "t.id, t.b, - | t.b:group by(key) t.id:group by(key)")
CORPUS("SELECT a FROM t GROUP BY a HAVING max(b) > 'x'",
       "t.a | t.a:group by t.a:order by t.b:aggregate t.b:filter")
CORPUS("SELECT max(b), a FROM t",
       "~t.b, t.a | t.b:aggregate")
CORPUS("SELECT count(b), count(DISTINCT c) FROM t",
       "~t.b, ~t.c | t.b:aggregate t.c:aggregate t.c:distinct")
CORPUS("SELECT DISTINCT a, b FROM t",
       "t.a, t.b | t.a:distinct t.b:distinct")
CORPUS("SELECT DISTINCT id, b FROM t",
       "t.id, t.b |")
CORPUS("SELECT x.id, y.b, count(*) FROM t x, t y GROUP BY x.id, y.b",
       "t.id, t.b, - | t.b:group by t.b:order by t.id:group by(key) t.id:order by")
CORPUS("SELECT upper(b), abs(n), nullif(c, 'x') FROM t",
       "~t.b, ~t.n, ~t.c | t.c:condition t.n:expression")
CORPUS("SELECT printf('%s', b) FROM t",
       "~t.b |")
CORPUS("SELECT CASE WHEN b = 'x' THEN a ELSE c END FROM t",
       "t.a t.c | t.b:condition")
CORPUS("SELECT CASE WHEN id = 1 THEN a ELSE c END FROM t",
       "t.a t.c | t.id:condition")
CORPUS("SELECT coalesce(b, a) FROM t",
       "t.a t.b | t.b:condition")
CORPUS("SELECT b = 'x', b AND 1, 1 / n FROM t",
       "~t.b, ~t.b, ~t.n | t.b:condition t.n:expression")
CORPUS("SELECT a FROM t UNION ALL SELECT b FROM t",
       "t.a t.b |")
CORPUS("SELECT a FROM t UNION SELECT b FROM t",
       "t.a t.b | t.a:set operation t.b:set operation")
CORPUS("SELECT a FROM t INTERSECT SELECT b FROM t",
       "t.a | t.a:set operation t.b:set operation")
CORPUS("SELECT a FROM t EXCEPT SELECT b FROM t",
       "t.a | t.a:set operation t.b:set operation")
CORPUS("SELECT a, b FROM t UNION ALL SELECT v, w FROM u ORDER BY 2",
       "t.a u.v, t.b u.w | t.b:order by u.w:order by")
CORPUS("SELECT x FROM (SELECT b AS x FROM t LIMIT 3)",
       "t.b |")
CORPUS("SELECT (SELECT b FROM t WHERE t.id = u.t_id) FROM u",
       "t.b | t.id:join u.t_id:join")
CORPUS("SELECT t.a, u.v FROM t JOIN u ON u.t_id = t.id",
       "t.a, u.v | t.id:join u.t_id:join")
CORPUS("SELECT t.a, u.v FROM t LEFT JOIN u ON u.v = t.b",
       "t.a, u.v | t.b:join u.v:join")
CORPUS("SELECT t.a FROM t JOIN t AS x USING (b)",
       "t.a | t.b:filter")
CORPUS("SELECT a FROM t NATURAL JOIN (SELECT 'x' AS b)",
       "t.a | t.b:filter")
CORPUS("WITH x AS (SELECT b FROM t) SELECT * FROM x",
       "t.b |")
CORPUS("WITH x AS MATERIALIZED (SELECT id, b FROM t) SELECT p.id, q.b FROM x p, x q",
       "t.id, t.b |")
CORPUS("WITH RECURSIVE r(s, i) AS (SELECT b, 1 FROM t UNION ALL SELECT s || 'x', i + 1 FROM r WHERE i < 3) SELECT s FROM r",
       "~t.b |")
CORPUS("WITH RECURSIVE r(s, i) AS (SELECT b, 1 FROM t UNION SELECT s, i + 1 FROM r WHERE i < 3) SELECT i FROM r",
       "- | t.b:filter")
CORPUS("SELECT id, row_number() OVER (PARTITION BY a ORDER BY b) FROM t",
       "t.id, - | t.a:order by t.a:window t.b:order by")
CORPUS("SELECT id, first_value(b) OVER (ORDER BY id) FROM t",
       "t.id, t.b | t.id:window")
CORPUS("SELECT id, lag(b) OVER (ORDER BY id) FROM t",
       "t.id, t.b |")
CORPUS("SELECT id, sum(n) OVER (ORDER BY id) FROM t",
       "t.id, ~t.n | t.id:window t.n:aggregate")
CORPUS("SELECT a FROM all_t",
       "t.a |")
CORPUS("SELECT a FROM some_t",
       "t.a | t.b:filter")
CORPUS("SELECT l, s, e FROM g",
       "g.l ~g.e, g.s ~g.e, g.e |")
CORPUS("SELECT id FROM g ORDER BY l",
       "g.id | g.e:order by g.l:order by")
CORPUS("SELECT r FROM k WHERE p = 'x'",
       "k.r | k.p:filter")
CORPUS("SELECT DISTINCT p, q, r FROM k",
       "k.p, k.q, k.r |")
CORPUS("SELECT j.value FROM t, json_each(t.b) j",
       "~t.b | t.b:expression t.b:row source")
CORPUS("INSERT INTO t (a, b) SELECT b, b FROM t WHERE id = 1",
       "| t.b:stored elsewhere t.id:filter")
CORPUS("INSERT INTO u SELECT * FROM u",
       "| u.id:limit")
CORPUS("INSERT INTO log SELECT * FROM (SELECT a, b FROM t LIMIT 1)",
       "| t.a:stored elsewhere t.b:stored elsewhere")
CORPUS("INSERT INTO k VALUES ('a', 'b', 'c')",
       "| k.p:conflict target k.q:conflict target")
CORPUS("INSERT INTO t (id, a) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET a = b",
       "| t.b:stored elsewhere t.id:filter")
CORPUS("UPDATE t SET b = upper(b)",
       "|")
CORPUS("UPDATE t SET a = b WHERE c = 'x'",
       "| t.b:stored elsewhere t.c:filter")
CORPUS("UPDATE u SET v = 'x'",
       "| u.v:stored elsewhere u.w:stored elsewhere")
CORPUS("UPDATE t SET a = u.w FROM u WHERE u.t_id = t.id",
       "| t.id:join u.t_id:join u.w:stored elsewhere")
CORPUS("UPDATE k SET r = 'x' WHERE q = 'y'",
       "| k.p:conflict target k.p:filter k.q:conflict target k.q:filter")
CORPUS("DELETE FROM t WHERE b = 'x'",
       "| t.b:filter")
CORPUS("DELETE FROM t WHERE id = 1 RETURNING b",
       "t.b | t.id:filter")
CORPUS("CREATE TABLE made AS SELECT b FROM t",
       "| t.b:stored elsewhere")
CORPUS("SELECT rowid, what FROM log",
       "log.rowid, log.what |")
CORPUS("SELECT name FROM sqlite_master",
       "sqlite_master.name |")
CORPUS("EXPLAIN SELECT b FROM t",
       "-, -, -, -, -, -, -, - | t.b:explain")
CORPUS("SELECT nosuch FROM t",
       "refused: the engine says: no such column: nosuch")
CORPUS("SELECT * FROM dbstat",
       "refused: the virtual table dbstat")
