#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A statement that runs again is decided by what was found before, as long as nothing that was looked at changed:
prepared and executed many times, or sent again as the same text, on SQLite and PostgreSQL. The policies change
between two executions, other statements and catalog functions run between them, somebody else gives a view
another meaning. In a test build that takes any earlier verdict (--enable-planted-fault=stale-verdict) it fails."""
import ctypes
import os
import random
import sqlite3
import sys
import threading
import time
from ctypes import byref, c_long, c_short

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import rig  # noqa: E402
from test_driver_edges import Odbc  # noqa: E402

HEAD = """
policy: again
applies-to: {principals: ["*"], targets: ["*"]}
mode: enforce
data-mode: enforce
data:
  - {columns: [people.code], mask: fixed}
"""
NAME_TOO = "  - {columns: [people.name], mask: fixed}\n"
ALLOW = "rules:\n  - {id: all, when: {effect: [select]}, then: allow}\n"
NOTHING = "rules:\n  - {id: none, when: {effect: [select]}, then: deny}\n"
TABLES = """
CREATE TABLE people (id integer PRIMARY KEY, name varchar(20), code varchar(20));
INSERT INTO people VALUES (1, 'one', 'hidden-1'), (2, 'two', 'hidden-2');
CREATE TABLE things (id integer PRIMARY KEY, name varchar(20), code varchar(20));
INSERT INTO things VALUES (1, 'a', 'b'), (2, 'c', 'd');
CREATE VIEW shown AS SELECT id, name FROM people;
"""
SWAPPED = "CREATE VIEW shown AS SELECT id, code AS name FROM people"
READ = "SELECT id, name, code FROM people ORDER BY id"
OTHER = "SELECT id, name, code FROM things ORDER BY id"
VIEW = "SELECT id, name, 'x' FROM shown ORDER BY id"
CLEAR = [("one", "***"), ("two", "***")]
MASKED = [("***", "***"), ("***", "***")]


class Again:
    """One statement on a connection, run again and again."""

    def __init__(self, odbc, sql, is_prepared):
        self.odbc, self.sql, self.is_prepared = odbc, sql, is_prepared
        self.handle = odbc.statement()
        if is_prepared:
            odbc.do("SQLPrepare", self.handle, sql.encode(), -3)

    def run(self):
        """Rows, or the SQLSTATE that it was refused with."""
        if self.is_prepared:
            code = self.odbc.do("SQLExecute", self.handle)
        else:
            code = self.odbc.execute(self.handle, self.sql)
        found, state = [], self.odbc.records(self.handle)
        cell, n = ctypes.create_string_buffer(64), c_long()
        while code in (0, 1):
            code = c_short(self.odbc.lib.SQLFetch(self.handle)).value
            if code not in (0, 1):
                state = self.odbc.records(self.handle) if code != 100 else []
                break
            row = []
            for column in (2, 3):
                self.odbc.lib.SQLGetData(self.handle, c_short(column), c_short(1), cell, c_long(64), byref(n))
                row.append(cell.value.decode())
            found.append(tuple(row))
        self.odbc.lib.SQLFreeStmt(self.handle, c_short(0))
        return found if not state else state[0][0]


class World:
    def __init__(self):
        self.rig, self.n = rig.Rig({"again.yaml": HEAD + ALLOW}), 0
        self.database = self.rig.sqlite("lite", TABLES)
        self.rig.postgresql("pg", TABLES)
        self.rig.start()

    def policy(self, text):
        self.n += 1
        mark = "# set %d\n" % self.n
        self.rig.write("policies/again.yaml", text + mark)
        self.rig.wait(lambda: mark in self.rig.read("policies", "active", "again.yaml"),
                      "the set: " + self.rig.read("policies", "problem"), 20)

    def define(self, dsn, sql):
        """By somebody else, directly."""
        if dsn == "pg":
            self.rig.psql("pg", sql)
        else:
            with sqlite3.connect(self.database) as other:
                other.executescript(sql)


def decided_anew(tap, world, dsn, is_prepared, way):
    odbc = Odbc(dsn + "-guarded")
    again = Again(odbc, READ, is_prepared)
    tap.is_([again.run() for _ in range(4)], [CLEAR] * 4, way + ": the same answer each time")
    world.policy(HEAD + NAME_TOO + ALLOW)
    tap.is_(again.run(), MASKED, way + ": a column that is masked from now on is masked")
    tap.is_(again.run(), MASKED, way + ": and stays so")
    world.policy(HEAD + NOTHING)
    tap.is_(again.run(), "42000", way + ": what is denied from now on is refused")
    world.policy(HEAD + ALLOW)
    tap.is_([again.run() for _ in range(3)], [CLEAR] * 3, way + ": and answered as before once it is allowed again")


def among_others(tap, dsn, is_prepared, way):
    odbc = Odbc(dsn + "-guarded")
    one, other, lists = Again(odbc, READ, is_prepared), Again(odbc, OTHER, is_prepared), odbc.statement()
    seen = []
    for turn in range(6):
        seen.append((one.run(), other.run()))
        if turn % 2:
            odbc.do("SQLTables", lists, None, 0, None, 0, None, 0, None, 0)
            odbc.lib.SQLFreeStmt(lists, c_short(0))
        if turn > 3:
            seen.append((one.run(), other.run()))
    tap.is_(set(map(str, seen)), {str((CLEAR, [("a", "b"), ("c", "d")]))}, way + ": two statements in turns, each its own")


def another_meaning(tap, world, dsn, is_prepared, way):
    odbc = Odbc(dsn + "-guarded")
    again = Again(odbc, VIEW, is_prepared)
    first = [again.run() for _ in range(3)]
    tap.is_(first, [[("one", "x"), ("two", "x")]] * 3, way + ": a view is read")
    world.define(dsn, "DROP VIEW shown; " + SWAPPED)
    later = [again.run() for _ in range(3)]
    tap.ok("hidden" not in str(later), way + ": with another meaning it shows nothing hidden", later)
    fresh = Again(odbc, VIEW, is_prepared)
    tap.is_(fresh.run(), [("***", "x"), ("***", "x")], way + ": and its new meaning is read masked")
    world.define(dsn, "DROP VIEW shown; CREATE VIEW shown AS SELECT id, name FROM people")


class Others:
    """Somebody else who changes the looked-up table's catalog rows, at most once per statement of ours and at any
    moment of it: how fast either side is decides nothing."""

    def __init__(self):
        self.odbc = Odbc("pg")
        self.handle = self.odbc.statement()
        self.turn, self.done, self.n_changes = threading.Semaphore(0), False, 0
        self.random = random.Random(5)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.turn.acquire() and not self.done:
            time.sleep(self.random.random() * 0.006)
            self.n_changes += 1
            self.odbc.execute(self.handle, "ALTER TABLE people ALTER code SET STATISTICS %d" % (self.n_changes % 50))

    def end(self):
        self.done = True
        self.turn.release()
        self.thread.join()


def busy_catalog(tap):
    odbc = Odbc("pg-guarded")
    others, refused = Others(), []
    for number in range(400):
        others.turn.release()
        answer = Again(odbc, "SELECT id, name, code FROM people WHERE id < 100 + %d ORDER BY id" % number, False).run()
        if answer != CLEAR:
            refused.append(answer)
    others.end()
    tap.ok(not refused, "PostgreSQL, a table that others change: %d new statements, %d refused or other"
           % (400, len(refused)), refused[:5])
    tap.ok(others.n_changes > 100, "PostgreSQL, a table that others change: it was changed many times", others.n_changes)


def main():
    rig.need_root()
    tap = rig.Tap()
    world = World()
    for dsn, engine in (("lite", "SQLite"), ("pg", "PostgreSQL")):
        for is_prepared, how in ((True, "prepared"), (False, "the same text")):
            way = "%s, %s" % (engine, how)
            decided_anew(tap, world, dsn, is_prepared, way)
            among_others(tap, dsn, is_prepared, way)
            another_meaning(tap, world, dsn, is_prepared, way)
    busy_catalog(tap)
    world.rig.close()
    tap.done()


main()
