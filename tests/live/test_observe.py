#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What is not understood passes as it was sent where policies only observe and nothing is masked, is
refused with 71005 where one enforces, and stands in the ledger either way."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

AFTER = "and a statement after it"
# name, engines, statement, part of the database's own answer (text of its error, or the value)
STATEMENTS = (
    ("an escape that nobody knows", "p", "SELECT {fn nosuch(1)}", "nosuch"),
    ("a procedure call", "p", "{call length('abcd')}", "4"),
    ("a scalar function of the driver's", "p", "SELECT {fn rand(1)} < 2", "1"),
    ("a text that is not closed", "sp", "SELECT 'open", "open"),
    ("an operator that is no SQL", "sp", "SELEC 1", "error"),
    ("a function of nobody's list", "p", "SELECT pg_read_file('PG_VERSION')", "15"),
    ("a setting that changes how texts are read", "p", "SET standard_conforming_strings = off", "None"),
    (AFTER, "p", "SELECT 'a\\\\b'", "a\\b"),
    ("a block of code", "p", "DO $$ BEGIN RAISE EXCEPTION 'said %', 'this'; END $$", "said this"),
    ("a pragma", "s", "PRAGMA user_version = 7", "None"),
)


def run(connection, sql):
    """The first value, or the text of the error."""
    try:
        cursor = connection.execute(sql)
        return str(cursor.fetchone()[0]) if cursor.description else "None"
    except pyodbc.Error as error:
        return str(error)


def check(tap, the_rig, name, letter, is_enforced):
    dsn = "observe_" + letter
    guarded = pyodbc.connect("DSN=" + dsn + "-guarded", autocommit=True)
    direct = pyodbc.connect("DSN=" + dsn, autocommit=True)
    for what, engines, sql, part in STATEMENTS:
        if letter not in engines or (is_enforced and what == AFTER):
            continue
        before = len(intents(the_rig))
        got, real = run(guarded, sql), run(direct, sql)
        if is_enforced:
            tap.ok("(7100" in got, "%s: %s is refused where a policy enforces" % (name, what), got)
        else:
            tap.ok(got == real and part in got, "%s: %s passes where policies only observe" % (name, what),
                   (got, real))
        tap.is_(len(intents(the_rig)) - before, 1, "%s: %s is in the ledger" % (name, what))
    guarded.close()


def intents(the_rig):
    return [r for r in the_rig.ledger() if r["unmapped"]["guard"]["record"] == "intent"]


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"all.yaml": rig.ALLOW_ALL_POLICY})
    the_rig.sqlite("observe_s", rig.SHOP_SQL)
    the_rig.postgresql("observe_p", rig.SHOP_SQL)
    engines = (("SQLite", "s"), ("PostgreSQL", "p"))
    the_rig.start()
    for name, letter in engines:
        check(tap, the_rig, name, letter, False)
    # the control: the same under a policy that enforces
    the_rig.stop()
    the_rig.write("policies/all.yaml", rig.SHOP_POLICY)
    the_rig.start()
    for name, letter in engines:
        check(tap, the_rig, name, letter, True)
    # lists of the driver in a transaction of its own: SQLite's begins one for them
    for name, letter in engines:
        connection = pyodbc.connect("DSN=observe_" + letter + "-guarded", autocommit=False)
        tap.ok(len(connection.cursor().tables(table="payments").fetchall()) == 1,
               name + ": tables are listed with autocommit off")
        connection.close()
    tap.done()


main()
