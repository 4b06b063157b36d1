#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Ways to connect beside a DSN, and what the guard says of a connection and of its calls: SAVEFILE and
FILEDSN, SQLBrowseConnect, prompts, output strings, pooling, asynchronous execution, header fields of
diagnostics, cancelling and forking."""
import ctypes
import os
import sys
import threading
import time
from ctypes import byref, c_int, c_long, c_short, c_ulong, c_ushort, c_void_p

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

ODBC = ctypes.CDLL("libodbc.so.2")
ENV, DBC, STMT, NTS = 1, 2, 3, -3


def call(name, *arguments):
    function = getattr(ODBC, name)
    function.restype = c_short
    return function(*arguments)


class Connection:
    def __init__(self):
        self.env, self.dbc = c_void_p(), c_void_p()
        call("SQLAllocHandle", ENV, None, byref(self.env))
        call("SQLSetEnvAttr", self.env, 200, c_void_p(3), 0)
        call("SQLAllocHandle", DBC, self.env, byref(self.dbc))
        self.out, self.n = ctypes.create_string_buffer(1024), c_short()

    def connect(self, text, completion=0):
        return call("SQLDriverConnect", self.dbc, None, text.encode(), c_short(NTS), self.out, c_short(1024),
                    byref(self.n), c_ushort(completion))

    def browse(self, text):
        return call("SQLBrowseConnect", self.dbc, text.encode(), c_short(NTS), self.out, c_short(1024),
                    byref(self.n))

    def why(self, kind=DBC, handle=None):
        state, native = ctypes.create_string_buffer(6), c_int()
        text, n = ctypes.create_string_buffer(2048), c_short()
        code = call("SQLGetDiagRec", c_short(kind), handle or self.dbc, c_short(1), state, byref(native), text,
                    c_short(2048), byref(n))
        return "%s %s" % (state.value.decode(), text.value.decode()) if code in (0, 1) else ""

    def statement(self):
        stmt = c_void_p()
        call("SQLAllocHandle", c_short(STMT), self.dbc, byref(stmt))
        return stmt

    def ask(self, sql):
        stmt, data, length = self.statement(), ctypes.create_string_buffer(100), c_long()
        code = call("SQLExecDirect", stmt, sql.encode(), NTS)
        if code not in (0, 1) or call("SQLFetch", stmt) not in (0, 1):
            why = self.why(STMT, stmt)
            call("SQLFreeHandle", c_short(STMT), stmt)
            return why
        call("SQLGetData", stmt, c_ushort(1), c_short(1), data, c_long(100), byref(length))
        call("SQLFreeHandle", c_short(STMT), stmt)
        return data.value.decode()

    def attribute(self, number):
        value = c_ulong(0)
        code = call("SQLGetConnectAttr", self.dbc, number, byref(value), 0, None)
        return code, value.value & 0xFFFFFFFF

    def close(self):
        call("SQLDisconnect", self.dbc)
        call("SQLFreeHandle", c_short(DBC), self.dbc)
        call("SQLFreeHandle", c_short(ENV), self.env)


EMAIL = "SELECT email FROM customers WHERE id = 1"
MASKED = "a***@example.com"


def files(tap, engine, r, dsn):
    path, secret = r.path(engine + ".dsn"), "pass" + "word1"
    c = Connection()
    code = c.connect("SAVEFILE=%s;DSN=%s;PWD=%s;GuardApp=saved" % (path, dsn, secret))
    tap.is_((code, c.ask(EMAIL)), (0, MASKED), engine + ": a connection with SAVEFILE is guarded: " + c.why())
    c.close()
    text = open(path).read() if os.path.exists(path) else ""
    tap.ok("GuardTargetDSN=" in text and "GuardApp=saved" in text, engine + ": the file has what it takes", text)
    tap.ok(secret not in text, engine + ": and no secret", text)
    c = Connection()
    code = c.connect("FILEDSN=" + path)
    tap.is_((code, c.ask(EMAIL)), (0, MASKED), engine + ": FILEDSN opens it again, guarded: " + c.why())
    c.close()


def again(tap, engine, dsn):
    c = Connection()
    c.connect("DSN=%s;GuardPurpose={a;b}" % dsn)
    text = c.out.value.decode()
    c.close()
    c = Connection()
    tap.is_((c.connect(text), c.ask(EMAIL)), (0, MASKED), engine + ": the output string connects again: " + text)
    c.close()
    c = Connection()
    code = c.connect("DSN=" + dsn, 2)
    tap.ok(code == -1 and ("HYC00" in c.why() or "IM008" in c.why() or "HY092" in c.why()),
           engine + ": a prompt is refused politely", c.why())
    c.close()


def browsing(tap, engine, r, dsn, face):
    c = Connection()
    code = c.browse("DSN=" + dsn)
    tap.is_((code, c.ask(EMAIL)), (0, MASKED), engine + ": browsing a data source connects, guarded: " + c.why())
    c.close()
    c = Connection()
    code = c.browse("DRIVER={%s}" % face)
    asked = c.out.value.decode()
    tap.ok(code == 99 and "GuardTargetDSN" in asked, engine + ": browsing asks for the target", (code, asked, c.why()))
    code = c.browse("GuardTargetDSN=%s;GuardSocket=%s" % (dsn.replace("-guarded", ""), r.socket))
    tap.is_((code, c.ask(EMAIL)), (0, MASKED), engine + ": and connects with the answer: " + c.why())
    c.close()


def pooling(tap, engine, dsn):
    c = Connection()
    c.connect("DSN=" + dsn)
    tap.is_(c.attribute(1209), (0, 0), engine + ": the connection is not dead")
    c.close()


def headers(tap, engine, dsn):
    c = Connection()
    c.connect("DSN=" + dsn)
    stmt = c.statement()
    code = call("SQLExecDirect", stmt, b"DROP TABLE customers", NTS)
    n, rc, rows = c_int(-7), c_short(-7), c_long(-7)
    call("SQLGetDiagField", c_short(STMT), stmt, c_short(0), c_short(2), byref(n), c_short(0), None)
    call("SQLGetDiagField", c_short(STMT), stmt, c_short(0), c_short(1), byref(rc), c_short(0), None)
    tap.is_((code, n.value, rc.value), (-1, 1, -1), engine + ": a refusal is one record, and the code is its own")
    first, second = c.why(STMT, stmt), c.why(STMT, stmt)
    tap.ok("71001" in first or "no-ddl" in first, engine + ": it says the rule", first)
    tap.is_(first, second, engine + ": it reads the same twice")
    call("SQLFreeHandle", c_short(STMT), stmt)
    c.close()


def asynchronous(tap, engine, dsn):
    answers = []
    for name in (dsn.replace("-guarded", ""), dsn):
        c = Connection()
        c.connect("DSN=" + name)
        stmt = c.statement()
        code = call("SQLSetStmtAttr", stmt, 4, c_void_p(1), 0)
        value = c_ulong(7)
        call("SQLGetStmtAttr", stmt, 4, byref(value), 0, None)
        answers.append((code, c.why(STMT, stmt) if code else "", value.value & 0xFFFFFFFF))
        tap.ok(call("SQLExecDirect", stmt, b"SELECT 1", NTS) == 0, engine + ": a statement runs after that")
        call("SQLFreeHandle", c_short(STMT), stmt)
        c.close()
    tap.is_(answers[1], answers[0], engine + ": asynchronous execution is the real driver's to offer")


def cancelled(tap, dsn):
    c = Connection()
    c.connect("DSN=" + dsn)
    stmt = c.statement()
    threading.Timer(1.0, lambda: call("SQLCancel", stmt)).start()
    started = time.monotonic()
    code = call("SQLExecDirect", stmt, b"SELECT count(*) FROM generate_series(1, 2000000000)", NTS)
    tap.ok(code == -1 and time.monotonic() - started < 60, "PostgreSQL: another thread cancels a statement",
           (code, c.why(STMT, stmt)))
    tap.is_(c.ask(EMAIL), MASKED, "PostgreSQL: and the connection goes on")
    call("SQLFreeHandle", c_short(STMT), stmt)
    c.close()


def forked(tap, engine, dsn):
    c = Connection()
    c.connect("DSN=" + dsn)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        mine = Connection()
        code = mine.connect("DSN=" + dsn)
        os._exit(0 if code in (0, 1) and mine.ask(EMAIL) == MASKED else 1)
    _, status = os.waitpid(child, 0)
    tap.is_(status, 0, engine + ": a child process connects by itself")
    tap.is_(c.ask(EMAIL), MASKED, engine + ": and the parent's connection goes on")
    c.close()


def user_file(tap, r):
    """guardctl looks where the driver manager does: in the account's home folder, whatever $HOME says."""
    folder = r.path("elsewhere")
    os.makedirs(folder)
    path = os.path.join(folder, ".odbc.ini")
    with open(path, "w", encoding="utf-8") as file:
        file.write("[stray-guarded]\nDriver=%s\nGuardTargetDSN=lite\n" % os.path.join(rig.BUILD, "driver", "libodbcguard.so"))
    listed = {}
    for name, extra in (("HOME", {"HOME": folder}), ("ODBCINI", {"ODBCINI": path})):
        environment = {key: value for key, value in os.environ.items() if key != "ODBCINI"}
        listed[name] = r.guardctl("dsn", "list", environment=dict(environment, **extra)).stdout
    tap.ok("stray-guarded" not in listed["HOME"], "guardctl: a data source that no client sees by $HOME is not listed")
    tap.ok("stray-guarded" in listed["ODBCINI"], "guardctl: it is, where ODBCINI names its file")


def main():
    rig.need_root()
    tap = rig.Tap()
    r = rig.Rig({"shop.yaml": rig.SHOP_POLICY}, rig.SHOP_CONFIG)
    r.sqlite("lite", rig.SHOP_SQL)
    r.postgresql("pg", rig.SHOP_SQL)
    r.start()
    for engine, dsn, face in (("SQLite", "lite-guarded", "ODBCGuard ODBC2"), ("PostgreSQL", "pg-guarded", "ODBCGuard")):
        files(tap, engine, r, dsn)
        again(tap, engine, dsn)
        browsing(tap, engine, r, dsn, face)
        pooling(tap, engine, dsn)
        headers(tap, engine, dsn)
        asynchronous(tap, engine, dsn)
        forked(tap, engine, dsn)
    cancelled(tap, "pg-guarded")
    user_file(tap, r)
    tap.done()


main()
