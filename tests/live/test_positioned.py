#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes without SQL text: SQLSetPos and SQLBulkOperations are judged as the statement they stand for, and
what masks show is never stored, neither through a result nor by a parameter."""
import ctypes
import os
import subprocess
import sys
from ctypes import byref, c_char_p, c_int, c_long, c_short, c_ulong, c_ushort, c_void_p

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

ODBC = ctypes.CDLL("libodbc.so.2")
ENV, DBC, STMT = 1, 2, 3
POSITION, REFRESH, UPDATE, DELETE, ADD = 0, 1, 2, 3, 4
BULK_UPDATE, BULK_DELETE, BULK_FETCH = 5, 6, 7
IGNORE, NULL, NTS = -6, -1, -3
CELL = 64

TABLES = """
CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER, note VARCHAR(40));
INSERT INTO orders VALUES (1, 10, 'one'); INSERT INTO orders VALUES (2, 20, 'two');
INSERT INTO orders VALUES (3, 30, 'three');
CREATE TABLE payments (id INTEGER PRIMARY KEY, amount INTEGER);
INSERT INTO payments VALUES (1, 100);
CREATE TABLE limited (id INTEGER PRIMARY KEY, n INTEGER);
INSERT INTO limited VALUES (1, 1); INSERT INTO limited VALUES (2, 2); INSERT INTO limited VALUES (3, 3);
CREATE TABLE closed (id INTEGER PRIMARY KEY, n INTEGER);
INSERT INTO closed VALUES (1, 1);
CREATE TABLE people (id INTEGER PRIMARY KEY, email VARCHAR(60), api_key VARCHAR(40), balance INTEGER,
  city VARCHAR(40));
INSERT INTO people VALUES (1, 'ann@example.com', 'key1', 1234, 'Bonn');
INSERT INTO people VALUES (1000, 'bo@example.com', 'key2', 5678, 'Ulm');
"""

POLICY = """
policy: writes
applies-to: {principals: ["*"], targets: ["*"]}
mode: enforce
data-mode: enforce
data:
  - {columns: [people.email], class: email, mask: partial}
  - {columns: [people.api_key], mask: sql-null}
  - {columns: [people.balance], mask: round}
rules:
  - id: payments
    when: {effect: [insert, update, delete], tables: [payments]}
    then: approve
    by: {group: dba, count: 1, within: 30m}
  - id: few
    when: {effect: [update, delete], tables: [limited], rows: "> 1"}
    then: deny
    say: One row at a time.
  - id: open
    when: {effect: [insert, update, delete], tables: [orders, people, limited]}
    then: allow
  - id: read
    when: {effect: select}
    then: allow
"""


class Result:
    """A result whose columns are bound as text, by column, with lengths of their own."""

    def __init__(self, dsn, sql, n_columns, n_rows=3, bookmarks=False):
        self.env, self.dbc, self.stmt = c_void_p(), c_void_p(), c_void_p()
        self.call("SQLAllocHandle", ENV, None, byref(self.env))
        self.call("SQLSetEnvAttr", self.env, 200, c_void_p(3), 0)
        self.call("SQLAllocHandle", DBC, self.env, byref(self.dbc))
        code = self.call("SQLDriverConnect", self.dbc, None, ("DSN=" + dsn).encode(), c_short(NTS), None,
                         c_short(0), None, c_ushort(0))
        assert code in (0, 1), self.why(DBC, self.dbc)
        self.call("SQLAllocHandle", STMT, self.dbc, byref(self.stmt))
        self.n_rows = n_rows
        self.status = (c_ushort * n_rows)()
        self.set(6, 1)      # keyset cursor
        self.set(7, 4)      # concurrency: by value
        self.set(7, 3)
        self.set(27, n_rows)
        self.call("SQLSetStmtAttr", self.stmt, 25, self.status, 0)
        self.cells = [ctypes.create_string_buffer(CELL * (n_rows + 1)) for _ in range(n_columns)]
        self.lengths = [(c_long * (n_rows + 1))() for _ in range(n_columns)]
        for i in range(n_columns):
            self.call("SQLBindCol", self.stmt, c_ushort(i + 1), c_short(1), self.cells[i], c_long(CELL),
                      self.lengths[i])
        if bookmarks:
            self.set(12, 2)
            self.marks, self.mark_lengths = ctypes.create_string_buffer(16 * n_rows), (c_long * n_rows)()
            self.call("SQLBindCol", self.stmt, c_ushort(0), c_short(-2), self.marks, c_long(16),
                      self.mark_lengths)
        self.run = self.call("SQLExecDirect", self.stmt, sql.encode(), NTS)

    def call(self, name, *arguments):
        function = getattr(ODBC, name)
        function.restype = c_short
        return function(*arguments)

    def set(self, attribute, value):
        return self.call("SQLSetStmtAttr", self.stmt, attribute, c_void_p(value), 0)

    def why(self, kind=STMT, handle=None):
        state, native = ctypes.create_string_buffer(6), c_int()
        text, n = ctypes.create_string_buffer(2048), c_short()
        code = self.call("SQLGetDiagRec", c_short(kind), handle or self.stmt, c_short(1), state, byref(native),
                         text, c_short(2048), byref(n))
        return "%s %s %d" % (state.value.decode(), text.value.decode(), native.value) if code in (0, 1) else ""

    def fetch(self, orientation=2, offset=0):
        return self.call("SQLFetchScroll", self.stmt, c_short(orientation), c_long(offset))

    def get(self, row, column):
        if self.lengths[column][row] == NULL:
            return None
        return self.cells[column][CELL * row:CELL * (row + 1)].split(b"\0")[0].decode()

    def put(self, row, column, value):
        """None is NULL; IGNORE leaves the column out."""
        if value is None or value == IGNORE:
            self.lengths[column][row] = NULL if value is None else IGNORE
            return
        data = value.encode()
        ctypes.memmove(ctypes.addressof(self.cells[column]) + CELL * row, data + b"\0", len(data) + 1)
        self.lengths[column][row] = len(data)

    def set_pos(self, row, operation):
        return self.call("SQLSetPos", self.stmt, c_ushort(row), c_ushort(operation), c_ushort(0))

    def bulk(self, operation):
        return self.call("SQLBulkOperations", self.stmt, c_short(operation))

    def close(self):
        self.call("SQLFreeHandle", c_short(STMT), self.stmt)
        self.call("SQLDisconnect", self.dbc)
        self.call("SQLFreeHandle", c_short(DBC), self.dbc)
        self.call("SQLFreeHandle", c_short(ENV), self.env)


def refused(tap, r, code, parts, name):
    why = r.why()
    tap.ok(code == -1 and all(part in why for part in parts), name, "code %d: %s\nwanted: %s" % (code, why, parts))


def through_results(tap, engine, dsn, ask, is_sqlite):
    r = Result(dsn, "SELECT id, total, note FROM orders ORDER BY id", 3)
    tap.is_(r.fetch(), 0, engine + ": rows to write to are fetched")
    r.put(1, 1, "25")
    if not is_sqlite:
        r.put(1, 0, IGNORE)
        r.put(1, 2, IGNORE)
    code = r.set_pos(2, UPDATE)
    tap.is_((code, ask("SELECT total FROM orders WHERE id = 2")), (0, "25"),
            engine + ": SQLSetPos updates a row: " + r.why())
    for i, value in enumerate(("9", "90", "nine")):
        r.put(0, i, value)
    code = r.set_pos(1, ADD)
    tap.is_((code, ask("SELECT note FROM orders WHERE id = 9")), (0, "nine"),
            engine + ": SQLSetPos adds a row: " + r.why())
    code = r.set_pos(3, DELETE)
    tap.is_((code, ask("SELECT count(*) FROM orders WHERE id = 3")), (0, "0"),
            engine + ": SQLSetPos deletes a row: " + r.why())
    r.close()
    r = Result(dsn, "SELECT id, total, note FROM orders ORDER BY id", 3, 2)
    r.fetch()
    for row, number in enumerate(("21", "22")):
        for i, value in enumerate((number, "1", "bulk")):
            r.put(row, i, value)
    code = r.bulk(ADD)
    tap.is_((code, ask("SELECT count(*) FROM orders WHERE note = 'bulk'")), (0, "2"),
            engine + ": SQLBulkOperations adds rows: " + r.why())
    r.close()


def by_rule(tap, engine, dsn, ask):
    r = Result(dsn, "SELECT id, n FROM closed", 2, 1)
    r.fetch()
    r.put(0, 1, "5")
    refused(tap, r, r.set_pos(1, UPDATE), ["42000", "71001", "o policy allows"],
            engine + ": what no rule allows is denied to SQLSetPos")
    refused(tap, r, r.set_pos(1, DELETE), ["42000", "71001"], engine + ": and a delete")
    r.put(0, 0, "7")
    refused(tap, r, r.bulk(ADD), ["42000", "71001"], engine + ": and SQLBulkOperations")
    tap.is_(ask("SELECT count(*), max(n) FROM closed"), "1|1", engine + ": nothing was written")
    r.close()
    r = Result(dsn, "SELECT id, amount FROM payments", 2, 1)
    r.fetch()
    r.put(0, 1, "1")
    refused(tap, r, r.set_pos(1, UPDATE), ["71005", "approval", "statement of its own"],
            engine + ": a write that needs an approval is refused with what to do")
    tap.is_(ask("SELECT amount FROM payments"), "100", engine + ": and not done")
    r.close()
    r = Result(dsn, "SELECT o.id, o.total FROM orders o JOIN payments p ON p.id = o.id", 2, 1)
    r.fetch()
    r.put(0, 1, "7531")
    # psqlODBC makes the result of a join read only, and says so itself.
    words = ["HYC00", "Only SQL_POSITION/REFRESH"] if engine == "PostgreSQL" else ["71005", "one table"]
    refused(tap, r, r.set_pos(1, UPDATE), words, engine + ": a write to a join is refused")
    tap.is_(ask("SELECT count(*) FROM orders WHERE total = 7531"), "0", engine + ": and not done")
    r.close()


def by_rows(tap, engine, dsn, ask, is_sqlite):
    r = Result(dsn, "SELECT id, n FROM limited ORDER BY id", 2)
    r.fetch()
    for row in range(3):
        r.put(row, 1, "50")
        if not is_sqlite:
            r.put(row, 0, IGNORE)
    code = r.set_pos(0, UPDATE)
    tap.ok(code == -1 and "One row at a time" in r.why(), engine + ": too many rows at once are taken back",
           "%d %s" % (code, r.why()))
    tap.is_(ask("SELECT count(*) FROM limited WHERE n = 50"), "0", engine + ": none of them stays")
    r.close()
    r = Result(dsn, "SELECT id, n FROM limited ORDER BY id", 2)
    r.fetch()
    r.put(0, 1, "51")
    code = r.set_pos(1, UPDATE)
    tap.is_((code, ask("SELECT count(*) FROM limited WHERE n = 51")), (0, "1"),
            engine + ": one row stays: " + r.why())
    r.close()


def masked(tap, engine, dsn, ask, is_sqlite):
    r = Result(dsn, "SELECT id, email, api_key, balance, city FROM people ORDER BY id", 5, 2)
    r.fetch()
    tap.is_((r.get(0, 1), r.get(0, 2), r.get(0, 3)), ("a***@example.com", None, "1000"),
            engine + ": a row with masks")
    before = ask("SELECT * FROM people ORDER BY id")
    r.put(0, 4, "Köln")
    refused(tap, r, r.set_pos(1, UPDATE), ["71005", "mask"], engine + ": a row is not written back with its masks")
    tap.is_(ask("SELECT * FROM people ORDER BY id"), before, engine + ": nothing of it is stored")
    if not is_sqlite:  # SQLite's driver knows no columns to leave out
        for column in (0, 1, 2, 3):
            r.put(0, column, IGNORE)
        code = r.set_pos(1, UPDATE)
        tap.is_((code, ask("SELECT email, api_key, balance, city FROM people WHERE id = 1")),
                (0, "ann@example.com|key1|1234|Köln"), engine + ": a clear column beside masks is: " + r.why())
    for column, value in enumerate(("1", "new@example.com", "newkey", "4321", "Jena")):
        r.put(0, column, value)
    code = r.set_pos(1, UPDATE)
    tap.is_((code, ask("SELECT email, api_key, balance, city FROM people WHERE id = 1")),
            (0, "new@example.com|newkey|4321|Jena"), engine + ": new values are stored: " + r.why())
    r.close()


def parameters(tap, engine, dsn, ask):
    import pyodbc
    connection = pyodbc.connect("DSN=" + dsn, autocommit=True)
    cursor = connection.cursor()
    row = cursor.execute("SELECT email, balance, api_key FROM people WHERE id = 1000").fetchone()
    before = ask("SELECT * FROM people ORDER BY id")
    for what, sql, values in (
            ("masked text", "UPDATE people SET email = ? WHERE id = ?", (row[0], 1000)),
            ("a rounded number", "UPDATE people SET city = 'x', balance = ? WHERE id = ?", (row[1], 1)),
            ("NULL of a mask", "UPDATE people SET api_key = ? WHERE id = 1", (None,)),
            ("masked text in a new row", "INSERT INTO people (id, email) VALUES (?, ?)", (77, row[0])),
            ("masked text of an expression", "UPDATE people SET email = coalesce(?, '') WHERE id = 1", (row[0],))):
        try:
            cursor.execute(sql, values)
            tap.ok(False, "%s: %s as a parameter is not stored" % (engine, what), "it ran")
        except pyodbc.Error as error:
            tap.ok("71005" in str(error) and "mask" in str(error),
                   "%s: %s as a parameter is not stored" % (engine, what), error)
    tap.is_(ask("SELECT * FROM people ORDER BY id"), before, engine + ": nothing changed")
    for sql, values in (("UPDATE people SET balance = ? WHERE id = ?", (777, 1000)),
                        ("UPDATE people SET city = ? WHERE id = ?", ("6000", 1000)),
                        ("UPDATE people SET email = ? WHERE id = ?", ("carl@example.com", 1000)),
                        ("INSERT INTO people (id, email, api_key, balance) VALUES (?, ?, ?, ?)",
                         (6000, "d@example.com", None, 8))):
        try:
            cursor.execute(sql, values)
            tap.ok(True, "%s: honest values are stored: %s" % (engine, sql))
        except pyodbc.Error as error:
            tap.ok(False, "%s: honest values are stored: %s" % (engine, sql), error)
    connection.close()


def recorded(tap, engine, r, dsn):
    lines = [line for line in r.ledger() if "SQLSetPos" in str(line)]
    tap.ok(any("UPDATE" in str(line) and "orders" in str(line) for line in lines),
           engine + ": writes through results are in the ledger as statements", lines[:2])


def one_engine(tap, engine, r, dsn, ask):
    is_sqlite = engine == "SQLite"
    through_results(tap, engine, dsn, ask, is_sqlite)
    by_rule(tap, engine, dsn, ask)
    by_rows(tap, engine, dsn, ask, is_sqlite)
    masked(tap, engine, dsn, ask, is_sqlite)
    parameters(tap, engine, dsn, ask)
    recorded(tap, engine, r, dsn)


def main():
    rig.need_root()
    tap = rig.Tap()
    r = rig.Rig({"writes.yaml": POLICY}, rig.SHOP_CONFIG)
    database = r.sqlite("lite", TABLES)
    r.postgresql("pg", TABLES, {"UpdatableCursors": "1"})
    r.start()
    one_engine(tap, "SQLite", r, "lite-guarded",
               lambda sql: subprocess.run(["sqlite3", database, sql], capture_output=True, text=True,
                                          check=True).stdout.strip())
    one_engine(tap, "PostgreSQL", r, "pg-guarded", lambda sql: r.psql("pg", sql).strip())
    tap.done()


main()
