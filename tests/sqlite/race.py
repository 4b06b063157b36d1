#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Other connections, unguarded, rename columns, swap views and tables while guarded sessions read: no masked
value comes out, whatever the moment. OG_RACE_SECONDS: how long (10). With the guard left out the same
reads find the values."""
import os
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

POLICY = """
policy: race
applies-to: {principals: ["*"], targets: ["*"]}
mode: enforce
data-mode: enforce
data:
  - columns: [people.secret]
    class: other
    mask: fixed
rules:
  - id: read
    when: {effect: select}
    then: allow
"""
TABLES = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, secret TEXT);
CREATE TABLE other (id INTEGER PRIMARY KEY, name TEXT, secret TEXT);
CREATE VIEW v AS SELECT id, name AS x FROM people;
CREATE VIEW w AS SELECT * FROM v;
CREATE INDEX by_name ON people(name, secret);
INSERT INTO people VALUES (1, 'ann', 'CANARY-1'), (2, 'bo', 'CANARY-2'), (3, 'ann', 'CANARY-3');
INSERT INTO other VALUES (1, 'x', 'y');
"""
# Each pair is undone by its own second half, so that the database is the same again.
SWAPS = [
    (["DROP VIEW v", "CREATE VIEW v AS SELECT id, secret AS x FROM people"],
     ["DROP VIEW v", "CREATE VIEW v AS SELECT id, name AS x FROM people"]),
    (["ALTER TABLE people RENAME COLUMN name TO t", "ALTER TABLE people RENAME COLUMN secret TO name",
      "ALTER TABLE people RENAME COLUMN t TO secret"],
     ["ALTER TABLE people RENAME COLUMN name TO t", "ALTER TABLE people RENAME COLUMN secret TO name",
      "ALTER TABLE people RENAME COLUMN t TO secret"]),
    (["DROP INDEX by_name", "CREATE INDEX by_name ON people(secret, name)"],
     ["DROP INDEX by_name", "CREATE INDEX by_name ON people(name, secret)"]),
]
READS = ["SELECT x FROM v", "SELECT x, id FROM w WHERE id > 0", "SELECT name FROM people",
         "SELECT id, name, secret FROM people", "SELECT count(*), max(x) FROM v",
         "SELECT name FROM people WHERE name > 'a' ORDER BY id",
         "SELECT x FROM v UNION ALL SELECT name FROM other",
         "SELECT o.id, v.x FROM other o JOIN v ON v.id = o.id"]


class Reader(threading.Thread):
    def __init__(self, dsn, prepared, end):
        super().__init__()
        self.dsn, self.prepared, self.end = dsn, prepared, end
        self.n_rows = self.n_errors = 0
        self.leaks = []

    def run(self):
        connection = pyodbc.connect("DSN=" + self.dsn, autocommit=True, timeout=20)
        cursors = [connection.cursor() for _ in READS]
        while time.monotonic() < self.end:
            for cursor, sql in zip(cursors, READS):
                self.read(cursor if self.prepared else connection.cursor(), sql)
        connection.close()

    def read(self, cursor, sql):
        try:
            cursor.execute(sql)
            for row in cursor.fetchall():
                self.n_rows += 1
                if "CANARY" in str(row):
                    self.leaks.append("%s: %s" % (sql, row))
        except pyodbc.Error as error:
            self.n_errors += 1
            if "CANARY" in str(error):
                self.leaks.append("%s: %s" % (sql, error))


def change(database, end):
    """Returns: how many changes were made. A renamed column moves the values of people with it, so the
    names are only exchanged while the values are too."""
    db = sqlite3.connect(database, timeout=20, isolation_level=None)
    n = 0
    while time.monotonic() < end:
        for there, back in SWAPS:
            for half in (there, back):
                try:
                    db.execute("BEGIN IMMEDIATE")
                    for sql in half:
                        db.execute(sql)
                    if any("RENAME" in sql for sql in half):
                        db.execute("UPDATE people SET name = secret, secret = name")
                    db.execute("COMMIT")
                    n += 1
                except sqlite3.Error:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
            time.sleep(0.001)
    db.close()
    return n


def race(the_rig, dsn, seconds):
    end = time.monotonic() + seconds
    readers = [Reader(dsn, i % 2 == 0, end) for i in range(4)]
    for reader in readers:
        reader.start()
    n = change(the_rig.path("data", "race.db"), end)
    for reader in readers:
        reader.join()
    return (n, sum(r.n_rows for r in readers), sum(r.n_errors for r in readers),
            [leak for r in readers for leak in r.leaks])


def main():
    rig.need_root()
    tap = rig.Tap()
    seconds = float(os.environ.get("OG_RACE_SECONDS", "10"))
    the_rig = rig.Rig({"race.yaml": POLICY})
    the_rig.sqlite("race", TABLES)
    the_rig.start()
    n, rows, errors, leaks = race(the_rig, "race-guarded", seconds)
    tap.ok(not leaks, "nothing masked comes out while others change the schema", "\n".join(leaks[:5]))
    tap.ok(n > seconds and rows > 100 * seconds, "changes and reads really met",
           "%d changes, %d rows" % (n, rows))
    tap.note("%d changes of the schema, %d rows read, %d statements refused or failed" % (n, rows, errors))
    _, _, _, leaks = race(the_rig, "race", 2)
    tap.ok(leaks, "without the guard the values are seen")
    tap.done()


main()
