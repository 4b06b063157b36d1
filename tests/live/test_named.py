#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Names of statements and cursors that mean something else by the time a prepared EXECUTE or FETCH runs again:
what it reads now is judged, not what it read when it was prepared. psqlODBC keeps the description of the first
answer, which the masks do not fit: the rows are refused until it is prepared again. Directly, the hidden values
come out."""
import ctypes
import os
import sys
from ctypes import byref, c_long, c_short

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import rig  # noqa: E402
from test_driver_edges import Odbc  # noqa: E402

POLICY = """
policy: named
applies-to: {principals: ["*"], targets: ["*"]}
mode: enforce
data-mode: enforce
data:
  - {columns: [people.code], mask: fixed}
rules:
  - id: all
    when: {effect: [select, session]}
    then: allow
"""
TABLES = """
CREATE TABLE people (id integer PRIMARY KEY, name text, code text);
INSERT INTO people VALUES (1, 'one', 'hidden-1'), (2, 'two', 'hidden-2');
"""
HARMLESS, HIDDEN = "SELECT id, name FROM people", "SELECT id, code FROM people"
# What uses the name, how the name is given, how it is taken away, what goes before.
NAMES = {
    "a prepared statement": ("EXECUTE p", "PREPARE p AS ", "DEALLOCATE p", None),
    "a cursor": ("FETCH ALL FROM c", "DECLARE c CURSOR FOR ", "CLOSE c", "BEGIN"),
    "a cursor that outlives its transaction": ("FETCH ALL FROM c", "DECLARE c CURSOR WITH HOLD FOR ", "CLOSE c", "SELECT 1"),
}


def read(odbc, statement):
    """The second column of every row."""
    cell, n, found = ctypes.create_string_buffer(64), c_long(), []
    while odbc.lib.SQLFetch(statement) & 0xFFFE == 0:
        odbc.lib.SQLGetData(statement, c_short(2), c_short(1), cell, c_long(64), byref(n))
        found.append(cell.value.decode())
    odbc.lib.SQLFreeStmt(statement, c_short(0))
    return found


def run(dsn, use, give, take, before):
    """What the prepared statement reads first, once its name means the other query, and prepared again."""
    odbc = Odbc(dsn)
    other, prepared = odbc.statement(), odbc.statement()

    def other_runs(sql):
        odbc.execute(other, sql)
        odbc.lib.SQLFreeStmt(other, c_short(0))

    if before:
        other_runs(before)
    other_runs(give + HARMLESS)
    odbc.do("SQLPrepare", prepared, use.encode(), -3)
    odbc.do("SQLExecute", prepared)
    first = read(odbc, prepared)
    other_runs(take)
    other_runs(give + HIDDEN)
    odbc.do("SQLExecute", prepared)
    second = read(odbc, prepared)
    if before:  # a cursor is read once
        other_runs(take)
        other_runs(give + HIDDEN)
    odbc.do("SQLPrepare", prepared, use.encode(), -3)
    odbc.do("SQLExecute", prepared)
    return first, second, read(odbc, prepared)


def main():
    rig.need_root()
    tap = rig.Tap()
    r = rig.Rig({"named.yaml": POLICY})
    r.postgresql("shop", TABLES)
    r.start()
    for name, steps in NAMES.items():
        tap.is_(run("shop", *steps), (["one", "two"], ["hidden-1", "hidden-2"], ["hidden-1", "hidden-2"]),
                "%s: directly, the name's new meaning is read" % name)
        first, second, third = run("shop-guarded", *steps)
        tap.is_(first, ["one", "two"], "%s: guarded, its first meaning is read" % name)
        tap.is_(second, [], "%s: what no longer fits is refused" % name)
        tap.is_(third, ["***", "***"], "%s: prepared again, its new meaning is read and masked" % name)
    r.close()
    tap.done()


main()
