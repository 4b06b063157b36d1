#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Races with PostgreSQL's catalog: while guarded sessions read, others swap what a view shows and rename
columns back and forth. Each answer must be masked or refused. Run for OG_RACE_SECONDS (20). The control:
the same readers on a direct connection see protected values."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

SECRETS = ["578-05-%04d" % n for n in (9371, 8264, 7153)]
POLICY = """
policy: race
applies-to: {principals: ["*"], targets: ["*"]}
mode: enforce
data-mode: enforce
data:
  - {columns: [customers.ssn, people.ssn], mask: sql-null}
rules:
  - {id: read, when: {effect: [select, set]}, then: allow}
"""
TABLES = """
CREATE TABLE customers (id integer PRIMARY KEY, name text, ssn text);
CREATE TABLE people (id integer PRIMARY KEY, name text, ssn text);
CREATE VIEW v AS SELECT id, name AS s FROM customers;
CREATE SCHEMA other;
CREATE VIEW other.v AS SELECT id, ssn AS s FROM customers;
""" + "".join("INSERT INTO customers VALUES (%d, 'n', '%s'); INSERT INTO people VALUES (%d, 'n', '%s');"
              % (i, s, i, s) for i, s in enumerate(SECRETS))
WRITES = [
    ["CREATE OR REPLACE VIEW v AS SELECT id, ssn AS s FROM customers",
     "CREATE OR REPLACE VIEW v AS SELECT id, name AS s FROM customers"],
    ["BEGIN; ALTER TABLE people RENAME ssn TO t; ALTER TABLE people RENAME name TO ssn;"
     " ALTER TABLE people RENAME t TO name; COMMIT"] * 2,
    ["ALTER TABLE people RENAME ssn TO number", "ALTER TABLE people RENAME number TO ssn"],
]
READS = [["SELECT s FROM v"], ["SELECT name FROM people"], ["SELECT name FROM people WHERE id >= 0"],
         ["SET search_path = other, public", "SELECT s FROM v", "SET search_path = public",
          "SELECT s FROM v"],
         ["SELECT * FROM people"]]


class Count:
    def __init__(self):
        self.answered = self.refused = self.failed = 0
        self.leaks = []
        self.last = ""


def write(stop, statements, pause):
    with pyodbc.connect("DSN=race", autocommit=True) as connection:
        while not stop.is_set():
            for sql in statements:
                try:
                    connection.execute(sql)
                except pyodbc.Error:
                    connection.execute("ROLLBACK")
                stop.wait(pause)


def read(stop, dsn, statements, is_prepared, count, ready):
    connection = pyodbc.connect("DSN=" + dsn, autocommit=True, timeout=30)
    cursor = connection.cursor()
    ready.wait()
    while not stop.is_set():
        for sql in statements:
            try:
                if is_prepared:
                    cursor.execute(sql + (" AND ? = 1" if "WHERE" in sql else ""),
                                   *([1] if "WHERE" in sql else []))
                else:
                    cursor.execute(sql)
                text = str(cursor.fetchall()) if cursor.description else ""
                count.answered += 1
            except pyodbc.Error as error:
                text = str(error)
                count.refused += "[odbcguard]" in text
                count.failed += "[odbcguard]" not in text
                count.last = text
                stop.wait(0.02)
            if any(secret in text for secret in SECRETS):
                count.leaks.append(sql)
    connection.close()


def race(dsn, seconds):
    """All writers and readers for that long. The readers begin while every name means what it says."""
    stop, ready, count = threading.Event(), threading.Event(), Count()
    readers = [threading.Thread(target=read, args=(stop, dsn, sql, i % 2 == 0, count, ready))
               for i, sql in enumerate(READS)]
    for thread in readers:
        thread.start()
    time.sleep(3)
    writers = [threading.Thread(target=write, args=(stop, sql, 0.1 + 0.2 * i))
               for i, sql in enumerate(WRITES)]
    for thread in writers:
        thread.start()
    ready.set()
    time.sleep(seconds)
    stop.set()
    for thread in readers + writers:
        thread.join()
    return count


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"race.yaml": POLICY})
    the_rig.postgresql("race", TABLES)
    the_rig.start()
    count = race("race-guarded", float(os.environ.get("OG_RACE_SECONDS", "20")))
    tap.note("PostgreSQL races: %d answered, %d refused, %d failed in the database, %d leaked"
             % (count.answered, count.refused, count.failed, len(count.leaks)))
    tap.note("the last refusal: " + count.last)
    tap.ok(not count.leaks, "nothing protected comes out while others change the catalog",
           count.leaks[:5])
    tap.ok(count.answered > 20, "guarded sessions are answered in between", count.answered)
    the_rig.psql("race", "DROP TABLE people; " + TABLES.split("CREATE VIEW")[0].split(";")[1] + ";" +
                 "".join("INSERT INTO people VALUES (%d, 'n', '%s');" % (i, s)
                         for i, s in enumerate(SECRETS)))
    direct = race("race", 5)
    tap.ok(len(direct.leaks) > 5, "the same readers see protected values on a direct connection",
           len(direct.leaks))
    tap.done()


main()
