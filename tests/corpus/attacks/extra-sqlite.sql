-- What attacks need beside the shop; {t} is each masked table, {c} one of its masked columns.
--each
CREATE VIEW w_{t} AS SELECT * FROM {t};
CREATE VIEW v1_{t} AS SELECT id, {c} AS x FROM {t};
CREATE VIEW v2_{t} AS SELECT q.x, q.id FROM (SELECT x, id FROM v1_{t} UNION ALL SELECT '-', 0) q;
