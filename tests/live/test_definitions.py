#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Statements that define: a migration's tables with keys, conditions and references, indexes, views, and their
maintenance, guarded on one SQLite database and directly on another. Both end with the same schema. What would
hold masked values against a condition, store them elsewhere or make a virtual table is refused."""
import os
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

POLICY = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
data:
  - {columns: [people.email], mask: fixed}
rules:
  - id: all
    when: {effect: [select, insert, update, delete, create, drop, alter, maintenance]}
    then: allow
"""
DDL = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, email TEXT);
INSERT INTO people VALUES (1, 'Ann', 'ann@example.com');
CREATE TABLE orders (id INTEGER PRIMARY KEY, person INTEGER, total INTEGER);
INSERT INTO orders VALUES (1, 1, 10), (2, 1, 20);
"""
HONEST = [
    "CREATE TABLE tags (id INTEGER PRIMARY KEY, word TEXT UNIQUE NOT NULL, n INTEGER CHECK (n > 0 AND length(word) > 1))",
    "CREATE TABLE marks (tag INTEGER REFERENCES tags(id) ON DELETE CASCADE, thing INTEGER, at TEXT DEFAULT CURRENT_DATE, "
    "PRIMARY KEY (tag, thing), UNIQUE (at) ON CONFLICT REPLACE) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY AUTOINCREMENT, g INTEGER GENERATED ALWAYS AS (id + 1) VIRTUAL, "
    "CHECK (g > 1))",
    "CREATE TEMP TABLE mine (id INTEGER PRIMARY KEY, a TEXT UNIQUE)",
    "CREATE TABLE names AS SELECT id, name FROM people",
    "INSERT INTO tags VALUES (1, 'red', 2)",
    "INSERT INTO kept DEFAULT VALUES",
    "CREATE UNIQUE INDEX by_total ON orders (person, total) WHERE total > 0",
    "CREATE VIEW sums AS SELECT person, sum(total) AS s FROM orders GROUP BY person",
    "ALTER TABLE tags ADD COLUMN note TEXT DEFAULT ''",
    "ALTER TABLE orders ADD COLUMN rest INTEGER CHECK (rest >= 0)",
    "ALTER TABLE orders ADD COLUMN kind TEXT NOT NULL DEFAULT 'x'",
    "ALTER TABLE tags RENAME COLUMN note TO remark",
    "ALTER TABLE names RENAME TO people_names",
    "ALTER TABLE tags DROP COLUMN remark",
    "DROP INDEX by_total",
    "DROP TABLE people_names",
    "VACUUM",
    "ANALYZE",
    "REINDEX",
]
REFUSED = [
    ("ALTER TABLE people ADD COLUMN n INTEGER CHECK (length(email) > 14)", "people.email is masked"),
    ("ALTER TABLE people ADD COLUMN n INTEGER CHECK (n > 14)", "people.email is masked"),
    ("CREATE TABLE copied AS SELECT email FROM people", "people.email is masked"),
    ("CREATE TABLE dbstat AS SELECT * FROM dbstat", "the virtual table dbstat"),
    ("CREATE VIRTUAL TABLE found USING fts5(body)", "making or removing a virtual table"),
    ("VACUUM INTO '%s'", "VACUUM INTO"),
]
# What the policy lets pass and the engine is kept from.
KEPT_FROM = ["ATTACH '' AS other", "ATTACH '%s' AS other"]


def schema(path):
    with sqlite3.connect(path) as db:
        return db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": POLICY})
    guarded_path, direct_path = the_rig.sqlite("shop", DDL), the_rig.sqlite("plain", DDL)
    the_rig.start()
    guarded = pyodbc.connect("DSN=shop-guarded", autocommit=True).cursor()
    direct = pyodbc.connect("DSN=plain", autocommit=True).cursor()
    for sql in HONEST:
        direct.execute(sql)
        said = ""
        try:
            guarded.execute(sql)
        except pyodbc.Error as error:
            said = str(error)
        tap.is_(said, "", "it runs: " + sql[:60])
    tap.is_(schema(guarded_path), schema(direct_path), "the schema is the one of a direct connection")
    before, copy = schema(guarded_path), the_rig.path("copied.db")
    for sql, why in REFUSED + [(sql, "") for sql in KEPT_FROM]:
        said = ""
        try:
            guarded.execute(sql.replace("%s", copy))
        except pyodbc.Error as error:
            said = str(error)
        tap.ok(said and why in said, "refused: " + sql[:60], said)
    tap.is_((schema(guarded_path), os.path.exists(copy)), (before, False), "and nothing came of them")
    the_rig.close()
    tap.done()


main()
