#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What describes a masked column never depends on its values: every field of every way to describe one is the
same for a short value and a long one, whatever the real driver guesses from rows. Where nothing is masked, they
differ. OG_ALL=1 tries all settings and ways."""
import ctypes
import os
import sys
from ctypes import byref, c_char_p, c_int, c_long, c_short, c_ulong, c_ushort, c_void_p

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

ODBC = ctypes.CDLL("libodbc.so.2")
ENV, DBC, STMT, NTS, IRD = 1, 2, 3, -3, 10012
ATTRIBUTES = (0, 2, 3, 4, 5, 6, 7, 9, 10, 12, 13, 23, 32, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1012, 1013)
TEXTS = (1, 14, 18, 22, 23, 27, 28, 29, 1011)

# One column of each type: short values, long ones.
COLUMNS = {
    "PostgreSQL": [
        ("words", "text", "'ab'", "repeat('ab', 6000)"), ("name", "varchar", "'ab'", "repeat('ab', 6000)"),
        ("code", "varchar(400)", "'ab'", "repeat('ab', 180)"), ("fixed", "char(400)", "'ab'", "repeat('ab', 180)"),
        ("amount", "numeric", "7", "123456789012345678901234567890123456789.125"),
        ("price", "numeric(12,2)", "7.25", "1234567890.5"),
        ("numbers", "numeric[]", "'{1}'", "array(SELECT 1.5 FROM generate_series(1, 300))"),
        ("list", "text[]", "'{ab}'", "array(SELECT 'abc' FROM generate_series(1, 300))"),
        ("doc", "json", "'{}'", "('\"' || repeat('ab', 6000) || '\"')::json"),
        ("docb", "jsonb", "'{}'", "('\"' || repeat('ab', 6000) || '\"')::jsonb"),
        ("bytes", "bytea", "'ab'", "repeat('ab', 6000)::bytea"), ("bits", "bit varying", "B'1'", "repeat('10', 900)::bit varying"),
        ("whole", "bigint", "1", "9007199254740993"), ("many", "int[]", "'{1}'", "array(SELECT generate_series(1, 900))"),
        ("real", "double precision", "1", "1.2345678901234e200"), ("day", "timestamp", "'2001-01-01'", "'2001-01-01 10:11:12.123456'"),
        ("net", "inet", "'::1'", "'1234:1234:1234:1234:1234:1234:1234:1234'"), ("doc_x", "xml", "'<a/>'", "('<a>' || repeat('ab', 6000) || '</a>')::xml"),
    ],
    "SQLite": [
        ("words", "TEXT", "'ab'", "printf('%.*c', 12000, 'x')"), ("name", "VARCHAR", "'ab'", "printf('%.*c', 12000, 'x')"),
        ("code", "VARCHAR(400)", "'ab'", "printf('%.*c', 360, 'x')"), ("amount", "NUMERIC", "7", "1234567890.12345"),
        ("price", "NUMERIC(12,2)", "7.25", "1234567890.5"), ("bytes", "BLOB", "x'01'", "zeroblob(9000)"),
        ("untyped", "", "'ab'", "1234567890123"), ("whole", "INTEGER", "1", "9007199254740993"),
        ("loose", "INTEGER", "1", "'a text'"), ("real", "DOUBLE", "1", "1.2345678901234e200"),
    ],
}
# How a column is asked for; what a statement may begin with on PostgreSQL.
FORMS = {
    "PostgreSQL": ["SELECT {c} FROM secrets WHERE id = {n}", "SELECT q.{c} AS x FROM (SELECT * FROM secrets) q WHERE id = {n}",
                   "SELECT coalesce({c}, {c}) FROM secrets WHERE id = {n}", "SELECT array_agg({c}) FROM secrets WHERE id = {n}",
                   "SELECT ARRAY(SELECT {c} FROM secrets WHERE id = {n})", "SELECT CAST({c} AS text) FROM secrets WHERE id = {n}",
                   "SELECT id, {c}, id FROM secrets WHERE id = {n}", "SELECT row({c}) FROM secrets WHERE id = {n}"],
    "SQLite": ["SELECT {c} FROM secrets WHERE id = {n}", "SELECT q.{c} AS x FROM (SELECT * FROM secrets) q WHERE id = {n}",
               "SELECT coalesce({c}, {c}) FROM secrets WHERE id = {n}", "SELECT CAST({c} AS TEXT) FROM secrets WHERE id = {n}",
               "SELECT id, {c}, id FROM secrets WHERE id = {n}"],
}
SETTINGS = {"PostgreSQL": ["", "UnknownSizes=1", "UnknownSizes=2", "UnknownSizes=2;UnknownsAsLongVarchar=1",
                           "UnknownSizes=2;TextAsLongVarchar=0", "UnknownSizes=2;MaxVarcharSize=20",
                           "UseDeclareFetch=1;UnknownSizes=2", "UseServerSidePrepare=0;UnknownSizes=2"],
            "SQLite": ["", "StepAPI=1", "LongNames=1", "JDConv=1"]}
WAYS = ("direct", "prepared", "fetched")
if not os.environ.get("OG_ALL"):  # the fewer that a short run has time for
    SETTINGS = {"PostgreSQL": [SETTINGS["PostgreSQL"][i] for i in (0, 1, 3)], "SQLite": SETTINGS["SQLite"][:2]}
    WAYS = WAYS[1:]

POLICY = """
policy: described
applies-to: {principals: ["*"], targets: ["*"]}
mode: %s
data-mode: %s
data:
  - {columns: [%s], mask: sql-null}
rules:
  - {id: all, when: {effect: [select, set, session]}, then: allow}
"""


def tables(engine):
    columns = COLUMNS[engine]
    return "CREATE TABLE secrets (id INTEGER PRIMARY KEY, %s);\n" % ", ".join("%s %s" % c[:2] for c in columns) + "".join(
        "INSERT INTO secrets VALUES (%d, %s);\n" % (n, ", ".join(c[n + 1] for c in columns)) for n in (1, 2)) + \
        "INSERT INTO secrets (id) VALUES (3);\n"


class Connection:
    def __init__(self, dsn, more=""):
        self.env, self.dbc = c_void_p(), c_void_p()
        self.call("SQLAllocHandle", ENV, None, byref(self.env))
        self.call("SQLSetEnvAttr", self.env, 200, c_void_p(3), 0)
        self.call("SQLAllocHandle", DBC, self.env, byref(self.dbc))
        code = self.call("SQLDriverConnect", self.dbc, None, ("DSN=%s;%s" % (dsn, more)).encode(), c_short(NTS), None,
                         c_short(0), None, c_ushort(0))
        if code not in (0, 1):
            raise RuntimeError(self.why(DBC, self.dbc))

    def call(self, name, *arguments):
        function = getattr(ODBC, name)
        function.restype = c_short
        return function(*arguments)

    def why(self, kind, handle):
        state, native = ctypes.create_string_buffer(6), c_int()
        text, n = ctypes.create_string_buffer(2048), c_short()
        self.call("SQLGetDiagRec", c_short(kind), handle, c_short(1), state, byref(native), text, c_short(2048), byref(n))
        return "%s %s" % (state.value.decode(), text.value.decode())

    def described(self, sql, way, before=()):
        """Everything that the ways of describing say of each column, or why it was refused."""
        stmt = c_void_p()
        self.call("SQLAllocHandle", STMT, self.dbc, byref(stmt))
        try:
            for text in before:
                if self.call("SQLExecDirect", stmt, text.encode(), NTS) not in (0, 1, 100):
                    return self.why(STMT, stmt)
            code = (self.call("SQLExecDirect", stmt, sql.encode(), NTS) if way != "prepared"
                    else self.call("SQLPrepare", stmt, sql.encode(), NTS) or self.call("SQLExecute", stmt))
            if code not in (0, 1):
                return self.why(STMT, stmt)
            found = [self.columns(stmt)]
            if way == "fetched":
                self.call("SQLFetch", stmt)
                found.append(self.columns(stmt))
            if way == "prepared":
                self.call("SQLFreeStmt", stmt, c_ushort(0))
                found.append(self.columns(stmt))
            return found
        finally:
            self.call("SQLFreeHandle", c_short(STMT), stmt)

    def columns(self, stmt):
        n, said = c_short(), []
        self.call("SQLNumResultCols", stmt, byref(n))
        for i in range(1, n.value + 1):
            said += [self.column(stmt, i), self.fields(stmt, i), self.record(stmt, i)]
        return said

    def column(self, stmt, i):
        name, n, kind, size = ctypes.create_string_buffer(100), c_short(), c_short(), c_ulong()
        digits, nullable = c_short(), c_short()
        code = self.call("SQLDescribeCol", stmt, c_ushort(i), name, c_short(100), byref(n), byref(kind), byref(size),
                         byref(digits), byref(nullable))
        return [code, name.value, kind.value, size.value, digits.value, nullable.value]

    def fields(self, stmt, i):
        said = []
        for field in ATTRIBUTES + TEXTS:
            text, n, number = ctypes.create_string_buffer(200), c_short(), c_long()
            code = self.call("SQLColAttribute", stmt, c_ushort(i), c_ushort(field), text, c_short(200), byref(n), byref(number))
            said.append((field, code, text.value, number.value if field not in TEXTS else 0))
        return said

    def record(self, stmt, i):
        ird, said = c_void_p(), []
        self.call("SQLGetStmtAttr", stmt, c_int(IRD), byref(ird), c_int(-4), None)
        for field in ATTRIBUTES[11:] + TEXTS:
            text, n = ctypes.create_string_buffer(200), c_int()
            code = self.call("SQLGetDescField", ird, c_short(i), c_short(field), text, c_int(200), byref(n))
            said.append((field, code, text.raw[:8]))
        name, kind, sub, length = ctypes.create_string_buffer(100), c_short(), c_short(), c_long()
        n, precision, scale, nullable = c_short(), c_short(), c_short(), c_short()
        code = self.call("SQLGetDescRec", ird, c_short(i), name, c_short(100), byref(n), byref(kind), byref(sub),
                         byref(length), byref(precision), byref(scale), byref(nullable))
        return said + [(code, name.value, kind.value, sub.value, length.value, precision.value, scale.value, nullable.value)]

    def close(self):
        self.call("SQLDisconnect", self.dbc)
        self.call("SQLFreeHandle", c_short(DBC), self.dbc)
        self.call("SQLFreeHandle", c_short(ENV), self.env)


def statements(engine):
    for column in COLUMNS[engine]:
        for form in FORMS[engine]:
            yield [(form.format(c=column[0], n=n), ()) for n in (1, 2)]
        if engine == "PostgreSQL":
            yield [("FETCH ALL FROM c%d" % n, ("BEGIN", "DECLARE c%d CURSOR WITH HOLD FOR SELECT %s FROM secrets WHERE id = %d" % (
                n, column[0], n), "COMMIT")) for n in (1, 2)]


def unlike(first, second):
    """The fields of two descriptions that are not the same."""
    pairs = [(x, y) for a, b in zip(first, second) for c, d in zip(a, b) for x, y in zip(c, d) if x != y]
    return [x for x, _ in pairs], [y for _, y in pairs]


def differences(engine, dsn, setting):
    """Statements told apart, how many were compared, how many refused."""
    told, n_compared, refused = [], 0, []
    connection = Connection(dsn, setting)
    for pair in statements(engine):
        for way in WAYS:
            first, second = [connection.described(sql, way, before) for sql, before in pair]
            if pair[0][1]:
                for n in (1, 2):
                    connection.described("CLOSE c%d" % n, "direct")
            if isinstance(first, str) or isinstance(second, str):
                refused.append(str(first) + pair[0][0])
                told += [(pair[1][0], way, first, second)] if str(first).replace("c1", "c2") != str(second) else []
                continue
            n_compared += 1
            if first != second:
                told.append((pair[1][0], way, *unlike(first, second)))
    connection.close()
    return told, n_compared, refused


def one_engine(tap, engine, r, name):
    total = 0
    for setting in SETTINGS[engine]:
        told, n_compared, refused = differences(engine, name + "-guarded", setting)
        for item in told[:4]:
            tap.note(str(item)[:600])
        for text in sorted(set(t[:300] for t in refused))[:3]:
            tap.note("refused: " + text)
        tap.ok(not told and n_compared > 20, "%s, %s: no description tells a masked value" % (engine, setting or "defaults"),
               "%d of %d differ, %d refused" % (len(told), n_compared, len(refused)))
        total += n_compared
    tap.note("%s: %d descriptions compared" % (engine, total))


def control(tap, engine, name):
    told = differences(engine, name + "-guarded", "UnknownSizes=2" if engine == "PostgreSQL" else "")[0]
    tap.ok(told, engine + ", control: where nothing is masked they do", "%d" % len(told))


def main():
    rig.need_root()
    tap = rig.Tap()
    everything = {e: ", ".join("secrets." + c[0] for c in COLUMNS[e]) for e in COLUMNS}
    policies = {e.lower() + ".yaml": POLICY.replace('targets: ["*"]', "targets: [%s]" % n).replace(
        "policy: described", "policy: " + n) % ("enforce", "enforce", everything[e]) for e, n in (("SQLite", "lite"), ("PostgreSQL", "pg"))}
    r = rig.Rig(policies, rig.SHOP_CONFIG)
    r.sqlite("lite", tables("SQLite"))
    r.postgresql("pg", tables("PostgreSQL"))
    r.start()
    one_engine(tap, "PostgreSQL", r, "pg")
    one_engine(tap, "SQLite", r, "lite")
    r.stop()
    for name in policies:
        r.write("policies/" + name, policies[name].replace("mode: enforce", "mode: observe"))
    r.start()
    control(tap, "PostgreSQL", "pg")
    control(tap, "SQLite", "lite")
    tap.done()


main()
