# SPDX-License-Identifier: MIT
"""Where the real drivers are at their edges, direct against guarded: SQLite interrupted while a cut result
is open, default types before there is a result, foreign keys that are checked late, SQLNativeSql's habit of
writing into its input; notices of PostgreSQL, which the driver forgets as soon as it is asked anything."""
import ctypes
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from ctypes import byref, c_long, c_short, c_size_t, c_void_p

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import rig  # noqa: E402

EFFECTS = "[select, insert, update, delete, create, drop, call, pragma, session]"
POLICY = """
policy: edges
applies-to: {principals: ["*"], targets: [%s]}
mode: %s
data-mode: %s
rules:
  - id: all
    when: {effect: %s}
    then: allow
"""
HIDDEN = """
policy: hidden
applies-to: {principals: ["*"], targets: [lite]}
mode: enforce
data-mode: enforce
data:
  - columns: [child2.late]
    mask: fixed
"""
DDL = """
CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE now (id INTEGER PRIMARY KEY, name TEXT REFERENCES parent(name) ON UPDATE CASCADE);
CREATE TABLE parent2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE child2 (id INTEGER PRIMARY KEY, late TEXT REFERENCES parent2(name) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO parent VALUES (1, 'a'), (2, 'b'), (3, 'c');
"""


class Odbc:
    """One connection; what each call answered is kept."""

    def __init__(self, dsn):
        self.lib, self.seen, self.dsn = ctypes.CDLL("libodbc.so.2"), [], dsn
        self.env, self.dbc = c_void_p(), c_void_p()
        self.lib.SQLAllocHandle(c_short(1), None, byref(self.env))
        self.lib.SQLSetEnvAttr(self.env, 200, c_void_p(3), 0)
        self.lib.SQLAllocHandle(c_short(2), self.env, byref(self.dbc))
        if dsn:
            self.lib.SQLConnect(self.dbc, dsn.encode(), c_short(-3), None, 0, None, 0)

    def statement(self):
        out = c_void_p()
        self.lib.SQLAllocHandle(c_short(3), self.dbc, byref(out))
        return out

    def records(self, handle, kind=3):
        found = []
        for number in range(1, 9):
            state, text, native = ctypes.create_string_buffer(6), ctypes.create_string_buffer(600), c_long()
            if self.lib.SQLGetDiagRec(c_short(kind), handle, c_short(number), state, byref(native), text,
                                      c_short(600), None) & 0xFFFE:
                break
            found.append((state.value.decode(), text.value.decode()))
        return found

    def do(self, name, handle, *arguments, kind=3):
        code = c_short(getattr(self.lib, name)(handle, *arguments)).value
        self.seen.append((name, code, self.records(handle, kind) if code not in (0, 100) else []))
        return code

    def execute(self, handle, sql):
        return self.do("SQLExecDirect", handle, sql.encode(), -3)


def interrupted(odbc):
    cut, other = odbc.statement(), odbc.statement()
    odbc.do("SQLSetStmtAttr", cut, 1, c_void_p(1), 0)  # SQL_ATTR_MAX_ROWS
    odbc.execute(cut, "SELECT id FROM parent ORDER BY id")
    odbc.do("SQLFetch", cut)
    odbc.do("SQLFetch", cut)
    odbc.do("SQLCancel", cut)
    odbc.execute(other, "SELECT count(*) FROM parent")
    odbc.do("SQLPrepare", other, b"SELECT 1", -3)
    odbc.do("SQLFreeStmt", cut, 0)
    odbc.execute(other, "DELETE FROM parent WHERE id = 99")
    return odbc.seen


def cancelled(odbc):
    """A result that is read row by row runs on in the driver until the statement has another text."""
    st = odbc.statement()
    for name in ("SQLExecDirect", "SQLPrepare"):
        odbc.execute(st, "SELECT id FROM parent ORDER BY id")
        odbc.do("SQLFetch", st)
        odbc.do("SQLCancel", st)
        odbc.do(name, st, b"SELECT name FROM parent ORDER BY id", -3)
        if name == "SQLPrepare":
            odbc.do("SQLExecute", st)
        odbc.do("SQLFetch", st)
        odbc.do("SQLFreeStmt", st, 0)
    for _ in range(3):  # the very same text, too
        odbc.execute(st, "SELECT id FROM parent ORDER BY id")
        odbc.do("SQLFetch", st)
        odbc.do("SQLCancel", st)
    return odbc.seen


def native(odbc):
    """The text is cut where the room of the output ends, in a copy of the guard's."""
    text = ctypes.create_string_buffer(b"SELECT 'a text of some length' FROM parent", 4096)
    for room in (1000, 200, 10):
        out, n = ctypes.create_string_buffer(4096), c_long()
        code = odbc.lib.SQLNativeSql(odbc.dbc, text, -3, out, room, byref(n))
        odbc.seen.append((code, out.value, n.value))
        st = odbc.statement()
        odbc.execute(st, "SELECT name FROM parent WHERE id = 1")
    return odbc.seen


def default_type(dsn):
    """In a process of its own, which may crash."""
    return subprocess.run([sys.executable, os.path.abspath(__file__), "bind-default", dsn],
                          capture_output=True, text=True)


def bind_default(dsn):
    odbc = Odbc(dsn)
    cell = ctypes.create_string_buffer(64)
    odbc.do("SQLBindCol", odbc.statement(), c_short(1), c_short(99), cell, c_long(64), None)
    print(odbc.seen)


KEYS = ["INSERT INTO parent VALUES (4, 'd')", "INSERT INTO parent SELECT 5, 'e'",
        "INSERT INTO parent VALUES (6, 'f'), (7, 'g')", "REPLACE INTO parent VALUES (7, 'h')",
        "INSERT INTO parent VALUES (8, 'i') ON CONFLICT (id) DO UPDATE SET name = 'j'",
        "INSERT INTO child VALUES (1, 4)", "INSERT INTO now VALUES (1, 'a')",
        "UPDATE parent SET name = 'z' WHERE id = 1", "SELECT name FROM now", "DELETE FROM parent WHERE id = 4",
        "DELETE FROM child", "DELETE FROM parent WHERE id = 4"]


def keys(odbc):
    for sql in KEYS:
        st = odbc.statement()
        code = odbc.execute(st, sql)
        n = c_long(-7)
        odbc.lib.SQLRowCount(st, byref(n))
        odbc.seen.append((sql, code, n.value))
        odbc.lib.SQLFreeHandle(c_short(3), st)
    return odbc.seen


NOTICES = ["DROP TABLE IF EXISTS nothing", "INSERT INTO told VALUES (1), (2)", "CALL tell()", "SELECT said()",
           "UPDATE told SET a = a + 1"]


def notices(odbc):
    st = odbc.statement()
    for sql in NOTICES:
        code = odbc.execute(st, sql)
        again = odbc.records(st)  # as often as one likes
        n = c_long()
        odbc.lib.SQLRowCount(st, byref(n))
        odbc.seen.append((code, again, n.value))
        odbc.do("SQLFreeStmt", st, 0)
    return odbc.seen


def text_of(keys, sql):
    """The first value by a connection string; or what the connect or the statement said."""
    odbc = Odbc(None)
    code = odbc.do("SQLDriverConnect", odbc.dbc, None, keys.encode(), c_short(-3), None, c_short(0), None, 0, kind=2)
    if code & 0xFFFE:
        return odbc.seen[-1]
    st = odbc.statement()
    odbc.do("SQLSetConnectAttr", odbc.dbc, 102, c_void_p(0), 0, kind=2)  # cursors live in a transaction
    if odbc.execute(st, sql) & 0xFFFE:
        return odbc.seen[-1]
    cell, n = ctypes.create_string_buffer(64), c_long()
    odbc.do("SQLFetch", st)
    odbc.do("SQLGetData", st, c_short(1), c_short(1), cell, c_long(64), byref(n))
    return cell.raw[:max(n.value, 0)]


def packed_keys(tap):
    """psqlODBC's packed keys: harmless bits reach it, those that write traces or run statements do not."""
    line = "SELECT E'a\\nb'"
    for keys in ("", ";CX=1", ";CX=1d1000001", ";AB=0x08", ";AB=+8-4", ";FetchRefcursors=0"):
        tap.is_(text_of("DSN=pg-guarded" + keys, line), text_of("DSN=pg" + keys, line), "the same with: " + keys)
    tap.ok(text_of("DSN=pg;CX=1", line) != text_of("DSN=pg", line), "and CX changes what is read")
    for keys in ("CX=1d400", "CX=1d800", "CX=1d10000000", "CX=1d10000400", "CX=1 d400", "CX=000000000000400",
                 "AB=8;{DA=1", "DA=1"):
        said = text_of("DSN=pg-guarded;" + keys, line)
        tap.ok("08001" in str(said) and "odbcguard" in str(said), "refused: " + keys, said)


def cursors(tap):
    """With FetchRefcursors=1 the driver reads cursors by names in values."""
    for keys in ("fetching-guarded", "pg-guarded;FetchRefcursors=1", "pg-guarded;FetchRefcursors=0;FetchRefcursors= 1"):
        said = text_of("DSN=" + keys, "CALL tell()")
        tap.ok("42000" in str(said) and "FetchRefcursors" in str(said), "a call is refused there by name: " + keys, said)
        tap.is_(text_of("DSN=" + keys, "SELECT 7"), b"7", "and other statements are not")
    sql = "CALL open_told('c1')"
    direct = text_of("DSN=watched;FetchRefcursors=1", sql)
    tap.is_(text_of("DSN=watched-guarded;FetchRefcursors=1", sql), direct,
            "where a policy only observes they pass")
    tap.is_((direct, text_of("DSN=watched;FetchRefcursors=0", sql)), (b"42", b"c1"), "and the key does something")


def pieces(tap, dsn):
    """A parameter that is sent in pieces: NULL is no piece of a value. psqlODBC corrupts its memory there."""
    odbc = Odbc(dsn)
    st, mark, at = odbc.statement(), c_void_p(), c_long(-2)
    odbc.do("SQLPrepare", st, b"SELECT CAST(? AS varchar(20))", -3)
    odbc.lib.SQLBindParameter(st, c_short(1), c_short(1), c_short(1), c_short(12), c_size_t(20), c_short(0),
                              c_void_p(7), c_long(0), byref(at))

    def send(*parts):
        codes = [odbc.do("SQLExecute", st), odbc.do("SQLParamData", st, byref(mark))]
        for part in parts:
            codes.append(odbc.do("SQLPutData", st, part, c_long(len(part) if part else -1)))
            if codes[-1] == -1:
                return codes, odbc.records(st)[0][0]
        codes.append(odbc.do("SQLParamData", st, byref(mark)))
        cell, n = ctypes.create_string_buffer(64), c_long()
        odbc.do("SQLFetch", st)
        odbc.do("SQLGetData", st, c_short(1), c_short(1), cell, c_long(64), byref(n))
        odbc.do("SQLFreeStmt", st, 0)
        return codes, n.value, cell.value

    tap.is_(send(b"ab", b"cd"), ([99, 99, 0, 0, 0], 4, b"abcd"), "two pieces are one value")
    tap.is_(send(None), ([99, 99, 0, 0], -1, b""), "NULL alone is NULL")
    tap.is_(send(None, b"cd"), ([99, 99, 0, -1], "HY020"), "a piece after NULL is refused")
    odbc.do("SQLCancel", st)
    tap.is_(send(b"ab", b"cd"), ([99, 99, 0, 0, 0], 4, b"abcd"), "and the statement is good for the next value")


def access(tap):
    """psqlODBC's MS Access mode sends '1' for the 1 of `" = 1)`."""
    sql = 'SELECT count(*) FROM pg_class WHERE ("relisshared" = 1)'

    def ask(dsn, text):
        odbc = Odbc(dsn)
        odbc.do("SQLSetConnectAttr", odbc.dbc, 65549, c_void_p(1), 0, kind=2)
        st = odbc.statement()
        odbc.execute(st, text)
        cell, n = ctypes.create_string_buffer(64), c_long()
        odbc.do("SQLFetch", st)
        odbc.do("SQLGetData", st, c_short(1), c_short(1), cell, c_long(64), byref(n))
        return odbc.seen, cell.value
    direct = ask("watched", sql)
    tap.ok(int(direct[1] or 0) > 0, "the driver rewrites it", direct)
    tap.is_(ask("watched-guarded", sql), direct, "where a policy only observes it passes")
    tap.like(ask("pg-guarded", sql), "MS Access mode", "elsewhere it is refused by name")
    tap.is_(ask("pg-guarded", "SELECT 8")[1], b"8", "and other statements are not")


def locked_between(tap, database):
    """Somebody locks the database again and again while new connections read its schema, table by table: what
    that tells is the engine's word, never that a statement is not understood."""
    ends, seen = time.monotonic() + 4, []

    def lock():
        other = sqlite3.connect(database, isolation_level=None, timeout=5)
        while time.monotonic() < ends:
            try:
                other.execute("BEGIN EXCLUSIVE")
                time.sleep(random.random() * 0.004)
                other.execute("COMMIT")
            except sqlite3.OperationalError:
                pass
            time.sleep(random.random() * 0.004)

    locker = threading.Thread(target=lock)
    locker.start()
    while time.monotonic() < ends:
        odbc = Odbc("many-guarded")
        odbc.execute(odbc.statement(), "SELECT a FROM t0")
        seen.append(str(odbc.seen[-1]))
        odbc.lib.SQLDisconnect(odbc.dbc)
    locker.join()
    tap.is_([s for s in seen if "odbcguard" in s][:2], [], "SQLite: a lock between two reads of the schema is told as one")
    tap.ok(any("locked" in s for s in seen) and any("locked" not in s for s in seen), "and there were some", len(seen))


def main():
    r = rig.Rig({"edges.yaml": POLICY % ("lite, pg, cut, step, fetching, many", "enforce", "enforce", EFFECTS) +
                 "vouch: {functions: [public.said, public.tell_row, public.tell]}\n", "hidden.yaml": HIDDEN,
                 "watch.yaml": (POLICY % ("watched", "observe", "observe", EFFECTS)).replace("edges", "watch")})
    tap = rig.Tap()
    r.sqlite("cut", DDL)
    r.sqlite("step", DDL, {"StepAPI": "1"})
    r.sqlite("lite", DDL, {"FKSupport": "1"})
    r.sqlite("lite2", DDL, {"FKSupport": "1"})
    many = r.sqlite("many", "".join("CREATE TABLE t%d (a, b); CREATE INDEX i%d ON t%d (a);" % (i, i, i) for i in range(60)),
                    {"Timeout": "1"})
    r.start_cluster()
    for name in ("pg", "watched"):
        r.postgresql(name, """
CREATE TABLE told (a INT);
CREATE FUNCTION tell_row() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE NOTICE 'row % %', TG_OP, repeat('x', 700); RETURN NEW; END $$;
CREATE TRIGGER tell BEFORE INSERT OR UPDATE ON told FOR EACH ROW EXECUTE FUNCTION tell_row();
CREATE PROCEDURE tell() LANGUAGE plpgsql AS $$ BEGIN RAISE INFO 'told'; END $$;
CREATE PROCEDURE open_told(INOUT c refcursor) LANGUAGE plpgsql AS $$ BEGIN OPEN c FOR SELECT 42; END $$;
CREATE FUNCTION said() RETURNS INT LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'said'; RETURN 1; END $$;
""")
    r.postgresql("fetching", "CREATE PROCEDURE tell() LANGUAGE plpgsql AS $$ BEGIN RAISE INFO 'told'; END $$",
                 {"FetchRefcursors": "1"})
    r.start()
    locked_between(tap, many)
    packed_keys(tap)
    cursors(tap)
    access(tap)
    pieces(tap, "pg-guarded")
    pieces(tap, "watched-guarded")
    seen = cancelled(Odbc("step-guarded"))
    tap.is_(seen, cancelled(Odbc("step")), "SQLite, row by row: a statement is good for another text, or the same, after SQLCancel")
    tap.is_({code for name, code, _ in seen if name != "SQLFetch"}, {0}, "and every text is taken")
    tap.is_(interrupted(Odbc("cut-guarded")), interrupted(Odbc("cut")),
            "SQLite: what is refused after SQLCancel of a cut result is refused in the driver's words")
    tap.ok(any("interrupted" in str(s) for s in interrupted(Odbc("cut"))), "and it is refused directly too")
    tap.is_(native(Odbc("lite-guarded")), native(Odbc("lite")),
            "SQLNativeSql with more room than text leaves the guard's memory alone")
    crash, refusal = default_type("lite"), default_type("lite-guarded")
    tap.ok(crash.returncode < 0, "SQLite: the driver crashes on a default type without a result", crash)
    tap.ok(refusal.returncode == 0 and "HYC00" in refusal.stdout, "and the guard refuses it by name", refusal)
    tap.is_(keys(Odbc("lite-guarded")), keys(Odbc("lite2")),
            "SQLite: rows for parents of deferred foreign keys, by every kind of insert")
    hidden = Odbc("lite-guarded")
    hidden.execute(hidden.statement(), "INSERT INTO parent2 VALUES (1, 'guess')")
    tap.ok("late" in str(hidden.seen) and "71005" not in str(hidden.seen[0][1]) and hidden.seen[0][1] == -1,
           "a parent's row that a masked column may be waiting for is refused by the column's name", hidden.seen)
    direct = notices(Odbc("watched"))
    r.psql("watched", "TRUNCATE told")
    tap.is_(notices(Odbc("watched-guarded")), direct, "PostgreSQL, observed: notices of every kind pass")
    tap.ok(sum("told" in str(s) or "said" in str(s) for s in direct) >= 2, "and there are some", direct)
    direct = notices(Odbc("pg"))
    r.psql("pg", "TRUNCATE told")
    tap.is_(notices(Odbc("pg-guarded")), direct, "PostgreSQL, enforced: the same")
    done = [l["message"] for l in r.ledger() if l["activity_name"] == "Outcome"]
    tap.is_(sum(m.endswith("done: 2 rows") for m in done), 1 + 4,  # SQLite's one, PostgreSQL's four
            "and the ledger has the rows of writes that told something")
    tap.done()


if __name__ == "__main__":
    bind_default(sys.argv[2]) if sys.argv[1:2] == ["bind-default"] else main()
