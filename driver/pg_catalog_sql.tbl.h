/* SPDX-License-Identifier: MIT */
/* The queries of the live catalog: QUERY(name, parameters, columns, text).
 * Every name is qualified; whatever may hold letters outside ASCII travels as hexadecimal of UTF-8 in
 * both directions, so that no locale of the process and no conversion of the real driver can change
 * a name. Lists travel as one text, separated by commas. */
/* clang-format off */
#define OG_HEX(x) "pg_catalog.encode(pg_catalog.convert_to((" x ")::pg_catalog.text,'UTF8'),'hex')"
#define OG_TEXT(x) "pg_catalog.convert_from(pg_catalog.decode(" x ",'hex'),'UTF8')::pg_catalog.name"
#define OG_LIST "pg_catalog.string_to_array(CAST(? AS pg_catalog.text),',')"
#define OG_OIDS OG_LIST "::pg_catalog.oid[]"
#define OG_VERSION(t) t ".xmin::pg_catalog.text||" t ".ctid::pg_catalog.text"

QUERY(SNAPSHOT, 0, 1, "SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text")

/* oids, their units; kinds, schemas, names of lookups, their units -> unit, digest */
QUERY(STAMP, 6, 2,
      "WITH o AS (SELECT u.o::pg_catalog.oid AS oid, u.i FROM ROWS FROM (pg_catalog.unnest(" OG_LIST
      "), pg_catalog.unnest(" OG_LIST ")) u(o,i)),"
      " q AS (SELECT u.k, " OG_TEXT("u.s") " AS s, " OG_TEXT("u.n") " AS n, u.i"
      " FROM ROWS FROM (pg_catalog.unnest(" OG_LIST "), pg_catalog.unnest(" OG_LIST "),"
      " pg_catalog.unnest(" OG_LIST "), pg_catalog.unnest(" OG_LIST ")) u(k,s,n,i)),"
      /* What the text of a view names: its text changes when those do. */
      " d AS (SELECT DISTINCT o.i, p.refclassid, p.refobjid FROM o"
      " JOIN pg_catalog.pg_rewrite r ON r.ev_class = o.oid"
      " JOIN pg_catalog.pg_depend p ON p.objid = r.oid"
      " AND p.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass),"
      " x(i,t) AS ("
      "SELECT o.i, 'c'||c.oid||':'||" OG_VERSION("c")
      " FROM o JOIN pg_catalog.pg_class c ON c.oid = o.oid"
      " UNION ALL SELECT o.i, 'n'||n.oid||':'||" OG_VERSION("n")
      " FROM o JOIN pg_catalog.pg_class c ON c.oid = o.oid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " UNION ALL SELECT o.i, 'a'||a.attrelid||'.'||a.attnum||':'||" OG_VERSION("a")
      " FROM o JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid"
      " UNION ALL SELECT o.i, 't'||t.oid||':'||" OG_VERSION("t")
      " FROM o JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid"
      " JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
      " UNION ALL SELECT o.i, 'e'||e.oid||':'||" OG_VERSION("e")
      " FROM o JOIN pg_catalog.pg_attrdef e ON e.adrelid = o.oid"
      " UNION ALL SELECT o.i, 'k'||k.indexrelid||':'||" OG_VERSION("k")
      " FROM o JOIN pg_catalog.pg_index k ON k.indrelid = o.oid"
      " UNION ALL SELECT o.i, 'w'||r.oid||':'||" OG_VERSION("r")
      " FROM o JOIN pg_catalog.pg_rewrite r ON r.ev_class = o.oid"
      " UNION ALL SELECT o.i, 'g'||g.oid||':'||" OG_VERSION("g")
      " FROM o JOIN pg_catalog.pg_trigger g ON g.tgrelid = o.oid"
      " UNION ALL SELECT o.i, 'h'||h.inhrelid||'<'||h.inhparent||':'||" OG_VERSION("h")
      " FROM o JOIN pg_catalog.pg_inherits h ON h.inhrelid = o.oid"
      " UNION ALL SELECT o.i, 'H'||h.inhparent||'>'||h.inhrelid||':'||" OG_VERSION("h")
      " FROM o JOIN pg_catalog.pg_inherits h ON h.inhparent = o.oid"
      " UNION ALL SELECT d.i, 'dc'||c.oid||':'||" OG_VERSION("c")
      " FROM d JOIN pg_catalog.pg_class c ON c.oid = d.refobjid"
      " WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
      " UNION ALL SELECT d.i, 'da'||a.attrelid||'.'||a.attnum||':'||" OG_VERSION("a")
      " FROM d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid"
      " WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
      " UNION ALL SELECT d.i, 'dp'||p.oid||':'||" OG_VERSION("p")
      " FROM d JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid"
      " WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass"
      " UNION ALL SELECT q.i, 'R'||n.oid||'.'||c.oid FROM q"
      " JOIN pg_catalog.pg_namespace n ON n.nspname = q.s"
      " JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = q.n WHERE q.k = 'r'"
      " UNION ALL SELECT q.i, 'P'||n.oid||'.'||p.oid||':'||" OG_VERSION("p") " FROM q"
      " JOIN pg_catalog.pg_namespace n ON n.nspname = q.s"
      " JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid AND p.proname = q.n WHERE q.k = 'p'"
      " UNION ALL SELECT q.i, 'T'||n.oid||'.'||t.oid||':'||" OG_VERSION("t") " FROM q"
      " JOIN pg_catalog.pg_namespace n ON n.nspname = q.s"
      " JOIN pg_catalog.pg_type t ON t.typnamespace = n.oid AND t.typname = q.n"
      " WHERE q.k IN ('t','y')"
      " UNION ALL SELECT q.i, 'C'||f.oid||':'||" OG_VERSION("f") " FROM q"
      " JOIN pg_catalog.pg_namespace n ON n.nspname = q.s"
      " JOIN pg_catalog.pg_type t ON t.typnamespace = n.oid AND t.typname = q.n"
      " JOIN pg_catalog.pg_constraint f ON f.contypid = t.oid WHERE q.k = 'y'"
      " UNION ALL SELECT q.i, 'O'||o.oid||':'||" OG_VERSION("o") " FROM q"
      " JOIN pg_catalog.pg_operator o ON o.oprname = q.n AND o.oid >= 16384 WHERE q.k = 'q'"
      " UNION ALL SELECT u.i, 'K'||k.oid||':'||" OG_VERSION("k") " FROM"
      " (SELECT o.i FROM o UNION SELECT q.i FROM q WHERE q.k = 'y') u"
      " JOIN pg_catalog.pg_cast k ON k.castfunc >= 16384"
      " UNION ALL SELECT o.i, 'f'||f.oid||':'||" OG_VERSION("f") " FROM o"
      " JOIN pg_catalog.pg_constraint f ON f.confrelid = o.oid)"
      " SELECT x.i, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to("
      "pg_catalog.string_agg(x.t, ',' ORDER BY x.t COLLATE \"C\"),'UTF8')),'hex')"
      " FROM x GROUP BY x.i")

/* schemas in order, name -> oid */
QUERY(FIND_RELATION, 2, 1,
      "SELECT c.oid FROM pg_catalog.unnest(" OG_LIST ") WITH ORDINALITY u(s,i)"
      " JOIN pg_catalog.pg_namespace n ON n.nspname = " OG_TEXT("u.s")
      " JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = "
      OG_TEXT("CAST(? AS pg_catalog.text)") " ORDER BY u.i LIMIT 1")

/* schemas in order, name -> oid of the row type's relation, 0 for a type that has none */
QUERY(FIND_TYPE, 2, 1,
      "WITH RECURSIVE f AS (SELECT t.oid FROM pg_catalog.unnest(" OG_LIST ") WITH ORDINALITY u(s,i)"
      " JOIN pg_catalog.pg_namespace n ON n.nspname = " OG_TEXT("u.s")
      " JOIN pg_catalog.pg_type t ON t.typnamespace = n.oid AND t.typname = "
      OG_TEXT("CAST(? AS pg_catalog.text)") " ORDER BY u.i LIMIT 1),"
      " b(oid) AS (SELECT f.oid FROM f UNION SELECT t.typbasetype FROM b"
      " JOIN pg_catalog.pg_type t ON t.oid = b.oid WHERE t.typtype = 'd')"
      " SELECT t.typrelid FROM b JOIN pg_catalog.pg_type t ON t.oid = b.oid WHERE t.typtype <> 'd'")

/* A cast between one of the server's types and somebody's own counts for the latter: it takes place only
 * where that one is named or read. */
#define OG_CAST_COUNTS(oid, cast) \
    "(" oid " >= 16384 OR (" cast ".castsource < 16384 AND " cast ".casttarget < 16384))"

/* What is read of a function p in schema n: oid, schema, name, kind, volatility, returns_set, names of
 * the columns it brings, whether it returns rows of no declared shape, arguments, defaults, is
 * variadic, extension */
#define OG_IN_EXTENSION(class, oid) \
    "SELECT " OG_HEX("x.extname") " FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension x" \
    " ON x.oid = d.refobjid WHERE d.classid = 'pg_catalog." class "'::pg_catalog.regclass" \
    " AND d.objid = " oid " AND d.deptype = 'e'" \
    " AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass LIMIT 1"
#define OG_ROUTINE \
    "p.oid, " OG_HEX("n.nspname") ", " OG_HEX("p.proname") ", p.prokind, p.provolatile," \
    " CASE WHEN p.proretset THEN 't' ELSE 'f' END," \
    " CASE WHEN y.typtype = 'c' THEN (SELECT pg_catalog.string_agg(" OG_HEX("a.attname") ", ','" \
    " ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = y.typrelid" \
    " AND a.attnum > 0 AND NOT a.attisdropped) ELSE (SELECT pg_catalog.string_agg(" \
    OG_HEX("z.a") ", ',' ORDER BY z.i) FROM ROWS FROM (pg_catalog.unnest(p.proargnames)," \
    " pg_catalog.unnest(p.proargmodes)) WITH ORDINALITY z(a,m,i) WHERE z.m IN ('o','b','t')) END," \
    " CASE WHEN y.typtype IN ('c','p') OR p.prorettype = 2249 THEN 't' ELSE 'f' END," \
    " p.pronargs, p.pronargdefaults, CASE WHEN p.provariadic <> 0 THEN 't' ELSE 'f' END," \
    " (" OG_IN_EXTENSION("pg_proc", "p.oid") ")"

/* schemas in order, name -> OG_ROUTINE */
QUERY(ROUTINES, 2, 12,
      "SELECT " OG_ROUTINE
      " FROM pg_catalog.unnest(" OG_LIST ") WITH ORDINALITY u(s,i)"
      " JOIN pg_catalog.pg_namespace n ON n.nspname = " OG_TEXT("u.s")
      " JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid AND p.proname = "
      OG_TEXT("CAST(? AS pg_catalog.text)")
      " JOIN pg_catalog.pg_type y ON y.oid = p.prorettype ORDER BY u.i, p.oid")

/* schema or empty, name -> OG_ROUTINE of operators that are not the server's own */
QUERY(OPERATORS, 2, 12,
      "SELECT " OG_ROUTINE
      " FROM (SELECT CAST(? AS pg_catalog.text) AS s, CAST(? AS pg_catalog.text) AS o) u"
      " JOIN pg_catalog.pg_operator o ON o.oprname = " OG_TEXT("u.o") " AND o.oid >= 16384"
      " JOIN pg_catalog.pg_namespace m ON m.oid = o.oprnamespace"
      " AND (u.s = '' OR m.nspname = " OG_TEXT("u.s") ")"
      " JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode"
      " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
      " JOIN pg_catalog.pg_type y ON y.oid = p.prorettype ORDER BY p.oid")

/* oids -> relation, OG_ROUTINE of its triggers, on which events each is called */
QUERY(TRIGGERS, 1, 14,
      "SELECT g.tgrelid, " OG_ROUTINE ", g.tgtype & 60"
      " FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
      " JOIN pg_catalog.pg_type y ON y.oid = p.prorettype"
      " WHERE g.tgrelid = ANY (" OG_OIDS ") AND NOT g.tgisinternal AND g.tgenabled <> 'D'"
      " ORDER BY g.tgrelid, p.oid")

/* oids -> relation, what happens there (D or U), other relation, schema, name, what happens to it */
QUERY(CASCADES, 1, 6,
      "WITH RECURSIVE e(root, event, oid, state) AS ("
      "SELECT f.confrelid, v.v, f.conrelid, CASE WHEN v.v = 'D' AND f.confdeltype = 'c' THEN 'D'"
      " ELSE 'U' END FROM pg_catalog.pg_constraint f,"
      " (VALUES ('D'::pg_catalog.text), ('U')) v(v) WHERE f.contype = 'f'"
      " AND f.confrelid = ANY (" OG_OIDS ")"
      " AND CASE v.v WHEN 'D' THEN f.confdeltype ELSE f.confupdtype END IN ('c','n','d')"
      " UNION SELECT e.root, e.event, f.conrelid, CASE WHEN e.state = 'D' AND f.confdeltype = 'c'"
      " THEN 'D' ELSE 'U' END FROM e JOIN pg_catalog.pg_constraint f ON f.confrelid = e.oid"
      " AND f.contype = 'f'"
      " AND CASE e.state WHEN 'D' THEN f.confdeltype ELSE f.confupdtype END IN ('c','n','d'))"
      " SELECT e.root, e.event, e.oid, " OG_HEX("n.nspname") ", " OG_HEX("c.relname") ", e.state"
      " FROM e JOIN pg_catalog.pg_class c ON c.oid = e.oid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY e.root, e.oid")

/* schemas in order, name -> schema, name, kind, base type, its category, is the server's own, calls
 * somebody's code, relation of a row type */
QUERY(TYPE, 2, 8,
      "WITH RECURSIVE f AS (SELECT t.oid FROM pg_catalog.unnest(" OG_LIST ") WITH ORDINALITY u(s,i)"
      " JOIN pg_catalog.pg_namespace n ON n.nspname = " OG_TEXT("u.s")
      " JOIN pg_catalog.pg_type t ON t.typnamespace = n.oid AND t.typname = "
      OG_TEXT("CAST(? AS pg_catalog.text)") " ORDER BY u.i LIMIT 1),"
      " b(oid) AS (SELECT f.oid FROM f UNION SELECT t.typbasetype FROM b"
      " JOIN pg_catalog.pg_type t ON t.oid = b.oid WHERE t.typtype = 'd')"
      " SELECT " OG_HEX("n.nspname") ", " OG_HEX("t.typname") ", t.typtype, k.oid, k.typcategory,"
      " CASE WHEN t.oid < 16384 THEN 't' ELSE 'f' END,"
      " CASE WHEN EXISTS (SELECT FROM b JOIN pg_catalog.pg_constraint c ON c.contypid = b.oid"
      " JOIN pg_catalog.pg_depend d ON d.objid = c.oid AND d.refobjid >= 16384"
      " AND d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass"
      " AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass)"
      " OR EXISTS (SELECT FROM b JOIN pg_catalog.pg_cast c ON b.oid IN (c.castsource, c.casttarget)"
      " WHERE c.castfunc >= 16384 AND " OG_CAST_COUNTS("b.oid", "c") " AND NOT EXISTS ("
      OG_IN_EXTENSION("pg_cast", "c.oid") "))"
      " THEN 't' ELSE 'f' END, t.typrelid"
      " FROM f JOIN pg_catalog.pg_type t ON t.oid = f.oid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
      " JOIN b ON true JOIN pg_catalog.pg_type k ON k.oid = b.oid AND k.typtype <> 'd'")

/* oid -> oids of everything tied to it by inheritance or partitioning, itself among them */
QUERY(FAMILY, 1, 1,
      "WITH RECURSIVE w(oid) AS (SELECT CAST(? AS pg_catalog.text)::pg_catalog.oid"
      " UNION SELECT CASE WHEN h.inhrelid = w.oid THEN h.inhparent ELSE h.inhrelid END FROM w"
      " JOIN pg_catalog.pg_inherits h ON h.inhrelid = w.oid OR h.inhparent = w.oid)"
      " SELECT w.oid FROM w ORDER BY w.oid")

/* oids -> child, parent */
QUERY(PARENTS, 1, 2,
      "SELECT h.inhrelid, h.inhparent FROM pg_catalog.pg_inherits h"
      " WHERE h.inhrelid = ANY (" OG_OIDS ") ORDER BY h.inhrelid, h.inhseqno")

/* oids -> oid, schema, name, kind, persistence, rules, triggers, row security, view's query */
QUERY(RELATIONS, 1, 9,
      "SELECT c.oid, " OG_HEX("n.nspname") ", " OG_HEX("c.relname") ", c.relkind, c.relpersistence,"
      " CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid"
      " AND r.rulename <> '_RETURN') THEN 't' ELSE 'f' END,"
      " CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid"
      " AND NOT g.tgisinternal) THEN 't' ELSE 'f' END,"
      " CASE WHEN c.relrowsecurity THEN 't' ELSE 'f' END,"
      " CASE WHEN c.relkind IN ('v','m') THEN " OG_HEX("pg_catalog.pg_get_viewdef(c.oid)") " END"
      " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE c.oid = ANY (" OG_OIDS ") ORDER BY c.oid")

/* oids -> relation, number, name, type's name, base type, its category, is composite, is not null,
 * expression of a generated column, does somebody's function cast from or to its type */
QUERY(COLUMNS, 2, 10,
      "WITH RECURSIVE b(root, oid) AS (SELECT DISTINCT a.atttypid, a.atttypid"
      " FROM pg_catalog.pg_attribute a WHERE a.attrelid = ANY (" OG_OIDS ")"
      " UNION SELECT b.root, t.typbasetype FROM b JOIN pg_catalog.pg_type t ON t.oid = b.oid"
      " WHERE t.typtype = 'd')"
      " SELECT a.attrelid, a.attnum, " OG_HEX("a.attname") ","
      " " OG_HEX("pg_catalog.format_type(a.atttypid, NULL)") ", t.oid, t.typcategory,"
      " CASE WHEN t.typtype IN ('c','p') OR EXISTS (SELECT FROM pg_catalog.pg_type e"
      " WHERE e.oid = t.typelem AND e.typtype IN ('c','p','d')) THEN 't' ELSE 'f' END,"
      " CASE WHEN a.attnotnull THEN 't' ELSE 'f' END,"
      " CASE WHEN a.attgenerated <> '' THEN " OG_HEX("pg_catalog.pg_get_expr(e.adbin, e.adrelid)")
      " END, CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_cast k WHERE k.castfunc >= 16384"
      " AND a.atttypid IN (k.castsource, k.casttarget) AND " OG_CAST_COUNTS("a.atttypid", "k")
      " AND NOT EXISTS (" OG_IN_EXTENSION("pg_cast", "k.oid") ")) THEN 't' ELSE 'f' END"
      " FROM pg_catalog.pg_attribute a JOIN b ON b.root = a.atttypid"
      " JOIN pg_catalog.pg_type t ON t.oid = b.oid AND t.typtype <> 'd'"
      " LEFT JOIN pg_catalog.pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum"
      " WHERE a.attrelid = ANY (" OG_OIDS ") AND a.attnum > 0 AND NOT a.attisdropped"
      " ORDER BY a.attrelid, a.attnum")

/* oids -> relation, column numbers separated by spaces, how many of them are the key.
 * A deferrable constraint may be broken for a while, so it is no key. */
QUERY(KEYS, 1, 3,
      "SELECT k.indrelid, k.indkey::pg_catalog.text, k.indnkeyatts FROM pg_catalog.pg_index k"
      " WHERE k.indrelid = ANY (" OG_OIDS ") AND k.indisunique AND k.indimmediate"
      " AND k.indisvalid AND k.indisready AND k.indislive AND k.indpred IS NULL"
      " AND k.indexprs IS NULL ORDER BY k.indrelid, k.indexrelid")
/* clang-format on */
