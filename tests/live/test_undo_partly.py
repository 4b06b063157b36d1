#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A write whose trigger also changes a table without a key: an optional undo set keeps what can be kept and says what
is not in it, a required one refuses the write. SQLite and PostgreSQL."""
import os
import subprocess
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
vouch: {functions: [public.note]}
writes: {undo: %s}
rules:
  - id: writers
    when: {effect: [select, insert, update, delete]}
    then: allow
"""
# On SQLite a table has no key that can be named when its columns have all the rowid's names.
TABLES = """
CREATE TABLE items (id INTEGER PRIMARY KEY, n INTEGER);
INSERT INTO items VALUES (1, 10), (2, 20);
CREATE TABLE log (rowid INTEGER, _rowid_ INTEGER, oid_ INTEGER);
"""
TRIGGERS = {"part_s": TABLES.replace("oid_", "oid") + """
CREATE TRIGGER note AFTER UPDATE ON items BEGIN INSERT INTO log VALUES (NEW.id, OLD.n, NEW.n); END;
""", "part_p": TABLES + """
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN INSERT INTO log VALUES (NEW.id, OLD.n, NEW.n); RETURN NULL; END$$;
CREATE TRIGGER note AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION note();
"""}
WHY = {"part_s": "its table has columns of all of the rowid's names", "part_p": "a table that it changes has no key"}


def rows(dsn, sql):
    return [tuple(r) for r in pyodbc.connect("DSN=" + dsn, autocommit=True).cursor().execute(sql).fetchall()]


def optional(tap, the_rig, dsn, name):
    seen = set(os.listdir(the_rig.path("mount", "undo")))
    pyodbc.connect("DSN=%s-guarded" % dsn, autocommit=True).cursor().execute("UPDATE items SET n = n + 1 WHERE id = 1")
    new = set(os.listdir(the_rig.path("mount", "undo"))) - seen
    tap.is_(len(new), 1, name + "a set is kept all the same")
    undo = new.pop()
    summary, text = the_rig.read("undo", undo, "summary"), the_rig.read("undo", undo, "undo.sql")
    tap.ok("log: " + WHY[dsn] in summary, name + "its summary says what is not in it", summary)
    tap.ok("-- not in here: " in text and "log: " + WHY[dsn] in text and text.count("UPDATE") == 1,
           name + "undo.sql too", text)
    tap.is_(sum(l["message"].startswith("undo") and "no undo set" in l["message"] for l in the_rig.ledger()), 0,
            name + "and the ledger has no note of none")
    done = the_rig.guardctl("undo", "--dsn", dsn + "-guarded", undo)
    tap.is_(done.returncode, 0, name + "it is taken back " + done.stderr)
    tap.is_((rows(dsn, "SELECT n FROM items ORDER BY id"), len(rows(dsn, "SELECT * FROM log"))), ([(10,), (20,)], 1),
            name + "what was kept is as before, the rest stays")


def alone(tap, the_rig, dsn, name):
    seen = set(os.listdir(the_rig.path("mount", "undo")))
    pyodbc.connect("DSN=%s-guarded" % dsn, autocommit=True).cursor().execute("DELETE FROM log")
    tap.is_(set(os.listdir(the_rig.path("mount", "undo"))) - seen, set(),
            name + "a write of nothing that can be kept has no set")
    tap.is_(rows(dsn, "SELECT * FROM log"), [], name + "and is made")


def required(tap, dsn, name):
    cursor = pyodbc.connect("DSN=%s-guarded" % dsn, autocommit=True).cursor()
    try:
        cursor.execute("UPDATE items SET n = n + 1 WHERE id = 1")
        tap.ok(False, name + "a required set refuses the write", "it ran")
    except pyodbc.Error as error:
        tap.like(error.args[1], WHY[dsn], name + "a required set refuses the write")
    tap.is_((rows(dsn, "SELECT n FROM items ORDER BY id"), rows(dsn, "SELECT * FROM log")), ([(10,), (20,)], []),
            name + "and nothing of it stays")


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": POLICY % "optional"})
    the_rig.sqlite("part_s", TRIGGERS["part_s"])
    the_rig.postgresql("part_p", TRIGGERS["part_p"])
    the_rig.start()
    for dsn, name in (("part_s", "SQLite: "), ("part_p", "PostgreSQL: ")):
        optional(tap, the_rig, dsn, name)
        alone(tap, the_rig, dsn, name)
    the_rig.write("policies/shop.yaml", POLICY % "required")
    the_rig.wait(lambda: "required" in the_rig.read("policies", "active", "shop.yaml"), "the second set", 20)
    for dsn, name in (("part_s", "SQLite: "), ("part_p", "PostgreSQL: ")):
        required(tap, dsn, name)
    the_rig.close()
    tap.done()


main()
