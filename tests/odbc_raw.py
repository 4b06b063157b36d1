# SPDX-License-Identifier: MIT
"""Plain ODBC calls through the driver manager, each written down with its return code, what it put and
its records: what tests/transparency.py compares between a direct and a guarded data source."""
import ctypes
import sys
from ctypes import byref, c_char_p, c_int, c_long, c_short, c_ulong, c_ushort, c_void_p

ENV, DBC, STMT, DESC = 1, 2, 3, 4
NTS = -3
# Information whose answer names the data source or is a handle.
UNLIKE_INFO = {2, 3, 4, 5, 76, 135}


class Odbc:
    """One connection; prints what every call did."""

    def __init__(self, dsn, version=3, library="libodbc.so.2"):
        self.lib = ctypes.CDLL(library)
        self.dsn = dsn
        self.env, self.dbc = c_void_p(), c_void_p()
        self.call("SQLAllocHandle", ENV, None, byref(self.env))
        self.on(ENV, self.env, "SQLSetEnvAttr", self.env, 200, c_void_p(version), 0)
        self.on(ENV, self.env, "SQLAllocHandle", DBC, self.env, byref(self.dbc))

    def call(self, name, *arguments):
        """The return code, as ODBC's SQLRETURN."""
        function = getattr(self.lib, name)
        function.restype = c_short
        return function(*arguments)

    def note(self, *what):
        print(repr(what), flush=True)

    def records(self, kind, handle):
        """All records of a handle, with the numbers that are none before and behind them."""
        found = []
        for number in range(1, 20):
            state, native, text = ctypes.create_string_buffer(6), c_int(), ctypes.create_string_buffer(512)
            n = c_short()
            code = self.call("SQLGetDiagRec", c_short(kind), handle, c_short(number), state,
                             byref(native), text, c_short(512), byref(n))
            if code not in (0, 1):
                break
            message = text.value.decode("utf-8", "replace").replace(self.dsn, "DSN")
            found.append((code, state.value.decode(), native.value, message, n.value))
        return tuple(found)

    def on(self, kind, handle, name, *arguments, label=None, quiet=False):
        code = self.call(name, *arguments)
        if not quiet:
            self.note(label or name, code, self.records(kind, handle) if code != 0 else ())
        return code

    def connect(self, extra=""):
        text = ("DSN=%s;%s" % (self.dsn, extra)).encode()
        out, n = ctypes.create_string_buffer(1024), c_short()
        code = self.on(DBC, self.dbc, "SQLDriverConnect", self.dbc, None, text, c_short(NTS), out,
                       c_short(1024), byref(n), c_ushort(0))
        # For a driver without SQLGetDiagField the manager makes these up from memory it never set.
        self.knows_rows = self.call("SQLGetInfo", self.dbc, c_ushort(6), out, c_short(1024),
                                    byref(n)) == 0 and b"psqlodbc" in out.value
        return code in (0, 1)

    def statement(self):
        stmt = c_void_p()
        self.on(DBC, self.dbc, "SQLAllocHandle", c_short(STMT), self.dbc, byref(stmt))
        return stmt

    def run(self, stmt, sql):
        return self.on(STMT, stmt, "SQLExecDirect", stmt, sql.encode(), NTS, label="exec " + sql)

    def close(self):
        self.on(DBC, self.dbc, "SQLDisconnect", self.dbc)
        self.call("SQLFreeHandle", c_short(DBC), self.dbc)
        self.call("SQLFreeHandle", c_short(ENV), self.env)


def put(size=64, fill=0x55):
    return ctypes.create_string_buffer(bytes([fill]) * size, size)


def information(o, sql):
    """Every information type, every function, every attribute there may be."""
    for kind in list(range(0, 181)) + list(range(10000, 10030)) + [20000, 20001, 65003]:
        if kind in UNLIKE_INFO:
            continue
        value, n = put(256), c_short(-9)
        code = o.call("SQLGetInfo", o.dbc, c_ushort(kind), value, c_short(256), byref(n))
        o.note("SQLGetInfo", kind, code, value.raw, n.value,
               o.records(DBC, o.dbc) if code else ())
        code = o.call("SQLGetInfo", o.dbc, c_ushort(kind), value, c_short(3), byref(n))
        o.note("SQLGetInfo cut", kind, code, value.raw, n.value)
    for number in list(range(1, 101)) + list(range(1000, 1030)):
        supported = c_ushort(77)
        code = o.call("SQLGetFunctions", o.dbc, c_ushort(number), byref(supported))
        o.note("SQLGetFunctions", number, code, supported.value)
    for number in (0, 999):
        bits = (c_ushort * 300)()
        o.note("SQLGetFunctions", number, o.call("SQLGetFunctions", o.dbc, c_ushort(number), bits),
               list(bits))
    connection_attributes(o)
    statement_attributes(o, sql)


def connection_attributes(o):
    for number in list(range(101, 120)) + [1204, 1209, 10001, 10002, 10014, 30002, 65535]:
        value, n = put(128), c_int(-9)
        code = o.call("SQLGetConnectAttr", o.dbc, number, value, 128, byref(n))
        what = value.raw if number not in (111,) else b""
        o.note("SQLGetConnectAttr", number, code, what, n.value,
               o.records(DBC, o.dbc) if code else ())
    for number, value in ((102, 0), (102, 1), (102, 7), (101, 0), (101, 1), (101, 0), (108, 8), (108, 2),
                          (103, 5), (112, 4096), (113, 2), (10001, 1), (4242, 1), (109, 0), (114, 0)):
        o.on(DBC, o.dbc, "SQLSetConnectAttr", o.dbc, number, c_void_p(value), 0,
             label="SQLSetConnectAttr %d %d" % (number, value))


def statement_attributes(o, sql):
    stmt = o.statement()
    for number in [-2, -1] + list(range(0, 31)) + list(range(10010, 10016)) + [1227, 1228, 5000]:
        value, n = put(16, 0), c_int(-9)
        code = o.call("SQLGetStmtAttr", stmt, number, value, 16, byref(n))
        what = (value.raw != bytes(16)) if 10010 <= number <= 10013 else value.raw
        o.note("SQLGetStmtAttr", number, code, what, o.records(STMT, stmt) if code else ())
    for number, value in ((0, 1), (1, 2), (3, 10), (5, 0), (6, 0), (6, 3), (7, 2), (8, 0), (12, 0),
                          (22, 1), (27, 3), (27, 0), (27, 1), (10010, 0), (4242, 1), (-1, 1)):
        o.on(STMT, stmt, "SQLSetStmtAttr", stmt, number, c_void_p(value), 0,
             label="SQLSetStmtAttr %d %d" % (number, value))
    o.run(stmt, sql)
    for number in (0, 1, 3, 6, 7, 8, 14, 22, 27):
        value = c_ulong(0)
        code = o.call("SQLGetStmtAttr", stmt, number, byref(value), 0, None)
        o.note("SQLGetStmtAttr after", number, code, value.value)
    o.call("SQLFreeHandle", c_short(STMT), stmt)


def columns(o, sql):
    """Every description of every column, also of columns that are none."""
    stmt = o.statement()
    o.run(stmt, sql)
    n_columns = c_short(-9)
    o.note("SQLNumResultCols", o.call("SQLNumResultCols", stmt, byref(n_columns)), n_columns.value)
    for column in list(range(0, n_columns.value + 2)) + [999]:
        name, n, kind, size = put(64), c_short(-9), c_short(-9), c_ulong(9)
        digits, nullable = c_short(-9), c_short(-9)
        for room in (64, 2, 0):
            code = o.call("SQLDescribeCol", stmt, c_ushort(column), name, c_short(room), byref(n),
                          byref(kind), byref(size), byref(digits), byref(nullable))
            o.note("SQLDescribeCol", column, room, code, name.raw, n.value, kind.value, size.value,
                   digits.value, nullable.value, o.records(STMT, stmt) if code else ())
        code = o.call("SQLDescribeCol", stmt, c_ushort(column), None, c_short(0), None, None, None, None,
                      None)
        o.note("SQLDescribeCol NULL", column, code)
        for field in list(range(0, 33)) + list(range(1001, 1036)) + [1099, 1211, 1212, -5 & 0xffff]:
            text, n, number = put(64), c_short(-9), c_long(-9)
            code = o.call("SQLColAttribute", stmt, c_ushort(column), c_ushort(field), text, c_short(64),
                          byref(n), byref(number))
            o.note("SQLColAttribute", column, field, code, text.raw, n.value, number.value,
                   o.records(STMT, stmt) if code else ())
    o.call("SQLFreeHandle", c_short(STMT), stmt)


def descriptors(o, sql):
    """Descriptors of a statement and one of our own, field by field."""
    stmt = o.statement()
    o.run(stmt, sql)
    handles = {}
    for number in (10010, 10011, 10012, 10013):
        handle = c_void_p()
        code = o.call("SQLGetStmtAttr", stmt, number, byref(handle), -4, None)
        o.note("descriptor", number, code, bool(handle))
        handles[number] = handle
        if not handle:
            continue
        for record in (0, 1, 2, -1, 99):
            for field in list(range(1, 35)) + list(range(1001, 1012)) + [1099]:
                if field in (20, 21, 34, 1004, 1009, 1010):
                    continue  # addresses
                value, n = put(64), c_int(-9)
                code = o.call("SQLGetDescField", handle, c_short(record), c_short(field), value, 64,
                              byref(n))
                o.note("SQLGetDescField", number, record, field, code, value.raw, n.value,
                       o.records(DESC, handle) if code else ())
    own = c_void_p()
    o.on(DBC, o.dbc, "SQLAllocHandle", c_short(DESC), o.dbc, byref(own), label="own descriptor")
    if own and handles[10010]:
        o.on(DESC, own, "SQLSetDescField", own, c_short(1), c_short(2), c_void_p(1), 0)
        o.on(DESC, own, "SQLCopyDesc", handles[10012], own)
        o.on(STMT, stmt, "SQLSetStmtAttr", stmt, 10010, own, -4, label="own ARD")
        o.on(STMT, stmt, "SQLSetStmtAttr", stmt, 10012, own, -4, label="own IRD")
        value = c_void_p()
        code = o.call("SQLGetStmtAttr", stmt, 10010, byref(value), -4, None)
        o.note("own ARD is handed back", code, value.value == own.value)
        o.on(STMT, stmt, "SQLSetStmtAttr", stmt, 10010, None, -4, label="implicit ARD")
        code = o.call("SQLGetStmtAttr", stmt, 10010, byref(value), -4, None)
        o.note("implicit ARD is handed back", code, value.value == handles[10010].value)
        o.on(DESC, own, "SQLFreeHandle", c_short(DESC), own)
    o.call("SQLFreeHandle", c_short(STMT), stmt)


def data(o, sql):
    """SQLGetData with all C types, in pieces, with no room, past the end; cursors and rows."""
    for kind in (1, -8, 4, -16, -18, 5, -15, -25, -27, 8, 7, 2, -2, -7, -6, 91, 92, 93, 99, -11, 1234):
        stmt = o.statement()
        o.run(stmt, sql)
        for row in range(3):
            code = o.on(STMT, stmt, "SQLFetch", stmt)
            for column in (1, 2, 3, 4, 9, 0):
                for room in (64, 4, 0):
                    value, n = put(64), c_long(-9)
                    code = o.call("SQLGetData", stmt, c_ushort(column), c_short(kind), value, c_long(room),
                                  byref(n))
                    o.note("SQLGetData", kind, row, column, room, code, value.raw, n.value,
                           o.records(STMT, stmt) if code else ())
        o.on(STMT, stmt, "SQLCloseCursor", stmt)
        o.on(STMT, stmt, "SQLCloseCursor", stmt)
        o.call("SQLFreeHandle", c_short(STMT), stmt)


def rowsets(o, sql):
    stmt = o.statement()
    size, room = 4, 16
    text, lengths, status = put(size * room, 0), (c_long * size)(), (c_ushort * size)()
    fetched = c_ulong()
    for number, value in ((6, 3), (27, size)):
        o.on(STMT, stmt, "SQLSetStmtAttr", stmt, number, c_void_p(value), 0)
    for number, value in ((25, status), (26, fetched)):
        o.on(STMT, stmt, "SQLSetStmtAttr", stmt, number, byref(value), 0)
    o.on(STMT, stmt, "SQLBindCol", stmt, c_ushort(2), c_short(1), text, c_long(room), lengths)
    o.on(STMT, stmt, "SQLBindCol", stmt, c_ushort(99), c_short(1), text, c_long(room), lengths)
    o.run(stmt, sql)
    for how, offset in ((2, 0), (1, 0), (4, 0), (3, 0), (5, 2), (6, -1), (6, 3), (5, -1), (8, 0), (77, 0),
                        (5, 1000)):
        code = o.on(STMT, stmt, "SQLFetchScroll", stmt, c_short(how), c_long(offset),
                    label="SQLFetchScroll %d %d" % (how, offset))
        o.note("rows", code, fetched.value, text.raw, list(lengths), list(status))
    for row, operation in ((1, 0), (1, 1), (99, 0), (1, 77)):
        o.on(STMT, stmt, "SQLSetPos", stmt, c_ulong(row), c_ushort(operation), c_ushort(0),
             label="SQLSetPos %d %d" % (row, operation))
    o.on(STMT, stmt, "SQLBulkOperations", stmt, c_short(77))
    o.on(STMT, stmt, "SQLMoreResults", stmt)
    o.on(STMT, stmt, "SQLFreeStmt", stmt, c_ushort(2))
    o.on(STMT, stmt, "SQLFreeStmt", stmt, c_ushort(77))
    o.call("SQLFreeHandle", c_short(STMT), stmt)


def parameters(o, sql):
    """Parameters bound, described, streamed, missing, and streaming that nobody asked for."""
    stmt = o.statement()
    number = c_short(-9)
    o.on(STMT, stmt, "SQLExecute", stmt)
    o.on(STMT, stmt, "SQLNumParams", stmt, byref(number))
    o.on(STMT, stmt, "SQLPrepare", stmt, sql.encode(), NTS)
    o.on(STMT, stmt, "SQLNumParams", stmt, byref(number))
    o.note("SQLNumParams", number.value)
    for index in (0, 1, 2, 9):
        kind, size, digits, nullable = c_short(-9), c_ulong(9), c_short(-9), c_short(-9)
        code = o.on(STMT, stmt, "SQLDescribeParam", stmt, c_ushort(index), byref(kind), byref(size),
                    byref(digits), byref(nullable))
        o.note("SQLDescribeParam", index, code, kind.value, size.value, digits.value, nullable.value)
    o.on(STMT, stmt, "SQLExecute", stmt, label="SQLExecute without parameters")
    at_run_time, token = c_long(-2), c_void_p()
    o.on(STMT, stmt, "SQLBindParameter", stmt, c_ushort(1), c_short(1), c_short(1), c_short(12), c_ulong(20),
         c_short(0), c_void_p(4711), c_long(0), byref(at_run_time))
    o.on(STMT, stmt, "SQLBindParameter", stmt, c_ushort(0), c_short(1), c_short(1), c_short(12), c_ulong(20),
         c_short(0), c_void_p(4711), c_long(0), byref(at_run_time))
    o.on(STMT, stmt, "SQLBindParameter", stmt, c_ushort(1), c_short(9), c_short(1), c_short(12), c_ulong(20),
         c_short(0), c_void_p(4711), c_long(0), byref(at_run_time), label="a wrong kind of parameter")
    if o.on(STMT, stmt, "SQLExecute", stmt) == 99:
        o.on(STMT, stmt, "SQLParamData", stmt, byref(token))
        o.note("token", token.value)
        for part in (b"An", b"n"):
            o.on(STMT, stmt, "SQLPutData", stmt, part, c_long(len(part)))
        o.on(STMT, stmt, "SQLParamData", stmt, byref(token))
    value = put(32)
    o.note("row", o.on(STMT, stmt, "SQLFetch", stmt), o.call(
        "SQLGetData", stmt, c_ushort(1), c_short(1), value, c_long(32), None), value.raw)
    o.on(STMT, stmt, "SQLPutData", stmt, b"x", c_long(1))
    o.on(STMT, stmt, "SQLParamData", stmt, byref(token))
    o.on(STMT, stmt, "SQLCancel", stmt)
    o.call("SQLFreeHandle", c_short(STMT), stmt)


def diagnostics(o, sql):
    """Records by wrong numbers and into small buffers, fields, and wrong handles."""
    stmt = o.statement()
    o.run(stmt, sql)
    for number in (-1, 0, 1, 2, 9999):
        for room in (512, 10, 1, 0, -1):
            state, native, text, n = put(6), c_int(-9), put(512), c_short(-9)
            code = o.call("SQLGetDiagRec", c_short(STMT), stmt, c_short(number), state, byref(native), text,
                          c_short(room), byref(n))
            o.note("SQLGetDiagRec", number, room, code, state.raw, native.value, text.raw, n.value)
        code = o.call("SQLGetDiagRec", c_short(STMT), stmt, c_short(number), None, None, None, c_short(0),
                      None)
        o.note("SQLGetDiagRec NULL", number, code)
        for field in list(range(1, 15)) + [-1249, -1248, -1250, -1247, 4242]:
            for room in (128, 3):
                value, n = put(128), c_short(-9)
                code = o.call("SQLGetDiagField", c_short(STMT), stmt, c_short(number), c_short(field), value,
                              c_short(room), byref(n))
                if field not in (-1248, -1247) or o.knows_rows:
                    o.note("SQLGetDiagField", number, field, room, code, value.raw, n.value)
    for wrong in (None, o.dbc, o.env):
        o.note("wrong handle", o.call("SQLFetch", wrong), o.call("SQLExecDirect", wrong, b"SELECT 1", NTS),
               o.call("SQLNumResultCols", wrong, None), o.call("SQLCancel", wrong),
               o.call("SQLGetDiagRec", c_short(STMT), wrong, c_short(1), None, None, None, c_short(0), None),
               o.call("SQLFreeStmt", wrong, c_ushort(0)), o.call("SQLRowCount", wrong, None))
    o.note("wrong connection", o.call("SQLDisconnect", stmt), o.call("SQLEndTran", c_short(DBC), stmt, c_short(0)),
           o.call("SQLGetInfo", stmt, c_ushort(6), None, c_short(0), None))
    for what in (0, 1, 7):
        o.on(DBC, o.dbc, "SQLEndTran", c_short(DBC), o.dbc, c_short(what))
        o.on(ENV, o.env, "SQLEndTran", c_short(ENV), o.env, c_short(what))
    o.call("SQLFreeHandle", c_short(STMT), stmt)


def lists(o, table):
    """The catalog's lists with odd arguments, and texts through SQLNativeSql."""
    name = table.encode()
    for function, arguments in (
            ("SQLTables", (None, 0, None, 0, name, NTS, None, 0)),
            ("SQLTables", (b"%", NTS, b"", 0, b"", 0, None, 0)),
            ("SQLTables", (b"", 0, b"%", NTS, b"", 0, None, 0)),
            ("SQLTables", (b"", 0, b"", 0, b"", 0, b"%", NTS)),
            ("SQLTables", (None, -5, None, 0, name, -7, None, 0)),
            ("SQLColumns", (None, 0, None, 0, name, len(name), None, 0)),
            ("SQLColumns", (None, 0, None, 0, name, 3, b"%", 1)),
            ("SQLPrimaryKeys", (None, 0, None, 0, name, NTS)),
            ("SQLPrimaryKeys", (None, 0, None, 0, None, 0)),
            ("SQLForeignKeys", (None, 0, None, 0, name, NTS, None, 0, None, 0, None, 0)),
            ("SQLForeignKeys", (None, 0, None, 0, None, 0, None, 0, None, 0, name, NTS)),
            ("SQLTablePrivileges", (None, 0, None, 0, name, NTS)),
            ("SQLColumnPrivileges", (None, 0, None, 0, name, NTS, None, 0)),
            ("SQLProcedures", (None, 0, None, 0, None, 0)),
            ("SQLProcedureColumns", (None, 0, None, 0, b"none", NTS, None, 0))):
        stmt = o.statement()
        call = [c_short(a) if isinstance(a, int) else a for a in arguments]
        o.on(STMT, stmt, function, stmt, *call, label="%s %r" % (function, arguments))
        rows(o, stmt)
    for kind in (0, 4, 12, -1, 93, 1234):
        stmt = o.statement()
        o.on(STMT, stmt, "SQLGetTypeInfo", stmt, c_short(kind))
        rows(o, stmt)
    for unique, how in ((0, 0), (1, 1), (9, 9)):
        stmt = o.statement()
        o.on(STMT, stmt, "SQLStatistics", stmt, None, c_short(0), None, c_short(0), name, c_short(NTS),
             c_ushort(unique), c_ushort(how))
        rows(o, stmt)
        stmt = o.statement()
        o.on(STMT, stmt, "SQLSpecialColumns", stmt, c_ushort(unique + 1), None, c_short(0), None, c_short(0),
             name, c_short(NTS), c_ushort(0), c_ushort(how))
        rows(o, stmt)
    for text in (b"SELECT {d '2024-01-02'}", b"SELECT {fn UCASE('a')}", b"", b"{oj x", b"SELECT '\xc3\xa4'"):
        for room in (64, 4, 0):
            # A copy: a driver may write into its input.
            out, n, copy = put(64), c_int(-9), ctypes.create_string_buffer(text, len(text) + 64)
            code = o.on(DBC, o.dbc, "SQLNativeSql", o.dbc, copy, NTS, out, room, byref(n))
            # A driver leaves what is behind the end as it likes.
            o.note("SQLNativeSql", text, room, code, out.raw.split(b"\0")[0] if room else b"", n.value)


def rows(o, stmt):
    """All rows of a statement as texts; the statement is freed."""
    n_columns = c_short(0)
    o.call("SQLNumResultCols", stmt, byref(n_columns))
    for _ in range(60):
        code = o.call("SQLFetch", stmt)
        if code not in (0, 1):
            o.note("end", code, o.records(STMT, stmt))
            break
        row = []
        for column in range(1, n_columns.value + 1):
            value, n = put(128, 0), c_long(-9)
            row.append((o.call("SQLGetData", stmt, c_ushort(column), c_short(1), value, c_long(128), byref(n)),
                        value.value, n.value))
        o.note("row", code, row)
    o.call("SQLFreeHandle", c_short(STMT), stmt)


def before_connect(o):
    """Attributes set before the connection knows its driver, and calls that come too early."""
    stmt = c_void_p()
    for number, value in ((103, 7), (102, 0), (4242, 1)):
        o.on(DBC, o.dbc, "SQLSetConnectAttr", o.dbc, number, c_void_p(value), 0)
    for number in (103, 102, 113):
        value = c_ulong(0)
        code = o.on(DBC, o.dbc, "SQLGetConnectAttr", o.dbc, number, byref(value), 0, None)
        o.note("value", number, code, value.value if code == 0 else None)
    o.on(DBC, o.dbc, "SQLAllocHandle", c_short(STMT), o.dbc, byref(stmt))
    o.on(DBC, o.dbc, "SQLDisconnect", o.dbc)
    o.on(DBC, o.dbc, "SQLGetInfo", o.dbc, c_ushort(6), None, c_short(0), None)


def disconnects(o, sql):
    """Disconnecting with an open cursor, within a transaction, and again after that."""
    stmt, other = o.statement(), o.statement()
    o.run(stmt, sql)
    o.on(STMT, stmt, "SQLFetch", stmt)
    o.on(DBC, o.dbc, "SQLSetConnectAttr", o.dbc, 102, c_void_p(0), 0)
    o.run(other, "INSERT INTO pets VALUES (90, 1, 'Open')")
    if o.on(DBC, o.dbc, "SQLDisconnect", o.dbc) not in (0, 1):
        o.run(other, "SELECT 1")
        o.on(DBC, o.dbc, "SQLEndTran", c_short(DBC), o.dbc, c_short(1))
        o.on(DBC, o.dbc, "SQLDisconnect", o.dbc)
    o.on(DBC, o.dbc, "SQLDisconnect", o.dbc)
    if o.connect():
        stmt = o.statement()
        o.run(stmt, "SELECT count(*) FROM pets")
        rows(o, stmt)
        value = c_ulong(9)
        o.note("autocommit", o.call("SQLGetConnectAttr", o.dbc, 102, byref(value), 0, None), value.value)
        o.on(DBC, o.dbc, "SQLSetConnectAttr", o.dbc, 102, c_void_p(1), 0)


PROBES = {p.__name__: p for p in (information, columns, descriptors, data, rowsets, parameters, diagnostics,
                                  lists, disconnects)}


def main(dsn, probe, version, argument):
    o = Odbc(dsn, int(version))
    if probe == "before_connect":
        before_connect(o)
    if o.connect() and probe in PROBES:
        PROBES[probe](o, argument)
    o.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
