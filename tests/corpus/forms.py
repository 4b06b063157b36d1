# SPDX-License-Identifier: MIT
"""Forms of one statement: the same meaning in other words. Used to make attacks from templates."""
import re

import data

TOKEN = re.compile(r"""--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|[eE]?'(?:[^']|'')*'|U&"[^"]*"|"[^"]*"|\[[^\]']*\]|`[^`]*`|
                    [A-Za-z_]\w*|\d+(?:\.\d+)?|\s+|::|<>|<=|>=|!=|\|\||->>|->|.""", re.S | re.X)
KEPT = {"true", "false", "null", "c", "f1"}


def tokens(sql):
    return [m.group(0) for m in TOKEN.finditer(sql)]


def is_word(token):
    return bool(re.fullmatch(r"[A-Za-z_]\w*", token))


def names():
    """Every table and column of the shop."""
    words = set(data.SHOP_TABLES) | set("id name city".split())
    for columns in data.MASKED.values():
        words |= set(columns)
    return words


NAMES = names()


def quoted(sql, rnd, engine):
    style = rnd.choice(['"%s"', '[%s]', '`%s`']) if engine == "s" else '"%s"'
    return "".join(style % t if t in NAMES else t for t in tokens(sql))


def cased(sql, rnd, engine):
    return "".join("".join(rnd.choice([c.lower(), c.upper()]) for c in t) if is_word(t) and t not in KEPT else t
                   for t in tokens(sql))


def commented(sql, rnd, engine):
    fill = rnd.choice(["/**/", " /* x */ ", " --;\n", " /* ' */\t", "\n\n", "/*a*//*b*/"])
    if engine == "p":
        fill = rnd.choice([fill, "/* a /* b */ c */"])
    return rnd.choice(["", "/* r */ ", "--\n"]) + "".join(fill if t.isspace() else t for t in tokens(sql))


def unicoded(sql, rnd, engine):
    if engine != "p":
        return quoted(sql, rnd, engine)
    return "".join('U&"\\%04x%s"' % (ord(t[0]), t[1:]) if t in NAMES else t for t in tokens(sql))


def qualified(sql, rnd, engine):
    """Tables with their schema, where a table may stand."""
    schema = rnd.choice(["public", '"public"']) if engine == "p" else rnd.choice(["main", '"main"'])
    out, last = [], ""
    for token in tokens(sql):
        if token in data.MASKED and last.lower() in ("from", "join", "into", "update", "table"):
            token = schema + "." + token
        out.append(token)
        last = last if token.isspace() else token
    return "".join(out)


def viewed(sql, rnd, engine):
    """The table through a view that shows all of it."""
    out, last = [], ""
    for token in tokens(sql):
        if token in data.MASKED and last.lower() in ("from", "join"):
            token = "(SELECT * FROM w_%s) %s" % (token, token) if rnd.random() < 0.3 else "w_" + token
        out.append(token)
        last = last if token.isspace() else token
    return "".join(out)


def nested(sql, rnd, engine):
    return rnd.choice(["SELECT * FROM (%s) q0", "SELECT q0.* FROM (%s) AS q0 LIMIT 50",
                       "SELECT * FROM (SELECT * FROM (%s) q1) q0"]) % sql


def cte(sql, rnd, engine):
    return rnd.choice(["WITH q0 AS (%s) SELECT * FROM q0", "WITH q0 AS MATERIALIZED (%s) SELECT * FROM q0",
                       "WITH q1 AS (%s), q0 AS (SELECT * FROM q1) SELECT * FROM q0"]) % sql


def union(sql, rnd, engine):
    return rnd.choice(["SELECT * FROM (%s) q0 UNION ALL SELECT * FROM (%s) q1",
                       "WITH q0 AS (%s) SELECT * FROM q0 UNION ALL (SELECT * FROM (%s) q1)" if engine == "p" else
                       "WITH q0 AS (%s) SELECT * FROM q0 UNION ALL SELECT * FROM (%s) q1"]) % (sql, sql)


def joined(sql, rnd, engine):
    return rnd.choice(["SELECT q0.* FROM (SELECT 1 AS one) z CROSS JOIN (%s) q0",
                       "SELECT q0.*, z.id AS zid FROM orders z LEFT JOIN (%s) q0 ON 1 = 1 WHERE z.id = 3",
                       "SELECT q0.* FROM (SELECT 1 AS one) z, LATERAL (%s) q0" if engine == "p" else
                       "SELECT q0.* FROM (%s) q0, (SELECT 1 AS one) z"]) % sql


def counted(sql, rnd, engine):
    return "SELECT count(*) FROM (%s) q0" % sql


def exists(sql, rnd, engine):
    return rnd.choice(["SELECT EXISTS (%s)", "SELECT id FROM orders WHERE EXISTS (%s) AND id < 4",
                       "SELECT CASE WHEN EXISTS (%s) THEN 1 ELSE 2 END"]) % sql


def explained(sql, rnd, engine):
    return rnd.choice(["EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) %s", "EXPLAIN (VERBOSE) %s"] if engine == "p" else
                      ["EXPLAIN QUERY PLAN %s", "EXPLAIN %s"]) % sql


def server_prepared(sql, rnd, engine):
    return "PREPARE q0 AS %s ;; EXECUTE q0" % sql


def cursored(sql, rnd, engine):
    return rnd.choice(["DECLARE q0 CURSOR WITH HOLD FOR %s ;; FETCH ALL FROM q0",
                       "BEGIN ;; DECLARE q0 CURSOR FOR %s ;; FETCH 3 FROM q0 ;; ROLLBACK"]) % sql


def batched(sql, rnd, engine):
    return rnd.choice(["SELECT 1; %s", "%s; SELECT 1", ";; %s" if engine == "s" else ";%s"]).replace(";; ", ";") % sql


def temporary(sql, rnd, engine):
    return rnd.choice(["CREATE TEMP TABLE q0 AS %s ;; SELECT * FROM q0", "CREATE TEMP VIEW q0 AS %s ;; SELECT * FROM q0",
                       "CREATE TABLE q0 AS %s ;; SELECT * FROM q0"]) % sql


def stored(sql, rnd, engine):
    return "CREATE FUNCTION q0() RETURNS SETOF record LANGUAGE sql AS $q0$%s$q0$ ;; SELECT q0()" % sql


def copied(sql, rnd, engine):
    return "COPY (%s) TO STDOUT" % sql


def written(sql, rnd, engine):
    return "INSERT INTO tickets (id, opened, subject, status) SELECT 700 + count(*), '2026-01-01', 'q', 'q' FROM (%s) q0" % sql


def as_it_is(sql, rnd, engine):
    return sql


def parameters(sql):
    """String constants as parameters: the text with markers, and the values."""
    out, values = [], []
    for token in tokens(sql):
        if token.startswith("'"):
            out.append("?")
            values.append(token[1:-1].replace("''", "'"))
        else:
            out.append(token)
    return "".join(out), values


SPELLED = [as_it_is, quoted, cased, commented, unicoded, qualified]
CARRIED = SPELLED + [viewed, nested, cte, union, joined, temporary]
PG_ONLY = [server_prepared, cursored, stored, copied, batched]


def all_forms(kind, engine):
    """V: a value is in the answer; S: the answer tells of one, its size too."""
    if kind not in "SV":
        return SPELLED
    return CARRIED + ([counted, exists, written] if kind == "S" else []) + (PG_ONLY if engine == "p" else []) + (
        [explained] if kind == "S" and engine == "p" else [])
