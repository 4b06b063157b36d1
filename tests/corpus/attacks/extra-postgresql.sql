-- What attacks need beside the shop; {t} is each masked table, {c} one of its masked columns, {n} its columns.
CREATE SCHEMA other;
CREATE FUNCTION purge_f() RETURNS integer LANGUAGE sql AS 'DELETE FROM public.customers; SELECT 1';
CREATE PROCEDURE purge() LANGUAGE sql AS 'DELETE FROM public.customers';
--each
CREATE VIEW w_{t} AS SELECT * FROM {t};
CREATE VIEW v1_{t} AS SELECT id, {c} AS x FROM {t};
CREATE VIEW v2_{t} AS SELECT q.x, q.id FROM (SELECT x, id FROM v1_{t} UNION ALL SELECT '-', 0) q;
CREATE VIEW other.v3_{t} AS SELECT x FROM v1_{t} WHERE id > 0;
CREATE VIEW other.shadow_{t} AS SELECT id, {c} AS z FROM {t};
CREATE VIEW shadow_{t} AS SELECT id, 'nothing' AS z FROM {t};
CREATE MATERIALIZED VIEW m1_{t} AS SELECT id, {c} AS x FROM {t};
CREATE TABLE kid_{t} () INHERITS ({t});
INSERT INTO kid_{t} SELECT * FROM ONLY {t} WHERE id = 2;
UPDATE kid_{t} SET id = 502;
CREATE FUNCTION udf_{t}(bigint) RETURNS text LANGUAGE sql AS 'SELECT {c} FROM public.{t} WHERE id = $1';
CREATE FUNCTION srf_{t}() RETURNS SETOF text LANGUAGE sql AS 'SELECT {c} FROM public.{t}';
