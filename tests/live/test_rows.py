#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Rules with `rows`, on SQLite and PostgreSQL: what a write changes is counted by the write itself and
taken back when it is too much; nothing is held while somebody thinks; a grant is for the counted rows
alone. The last part is the control: without the rules the same statements change everything."""
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

TABLES = """
CREATE TABLE items (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, note TEXT);
CREATE TABLE parents (id INTEGER PRIMARY KEY, n INTEGER);
CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents(id) ON DELETE CASCADE);
"""
LATE = """
CREATE TABLE late (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents(id)
  DEFERRABLE INITIALLY DEFERRED);
"""
ROWS = """
INSERT INTO items SELECT %s, 0, 'x' FROM %s;
INSERT INTO parents SELECT %s, 0 FROM %s WHERE %s <= 3;
INSERT INTO children SELECT %s, 1 FROM %s WHERE %s <= 150;
"""
SERIES = {"SQLite": "(WITH RECURSIVE t(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM t WHERE v < 300) "
                    "SELECT v FROM t)", "PostgreSQL": "generate_series(1, 300) AS t(v)"}

RULES = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
vouch: {functions: [public.more]}
rules:
  - id: all
    when: {effect: [select, insert, update, delete]}
    then: allow
%s"""
BOUNDS = """  - id: bulk
    when: {effect: [insert, update, delete], rows: "> 100"}
    then: approve
    by: {group: dba}
  - id: huge
    when: {effect: [update, delete], rows: ">= 300"}
    then: deny
    say: Do it in parts.
"""


def refused(tap, run, parts, name):
    try:
        run()
        return tap.ok(False, name, "it ran")
    except pyodbc.Error as error:
        text = "%s %s" % (error.args[0], error.args[1] if len(error.args) > 1 else "")
        return tap.ok(all(part in text for part in parts), name,
                      "got: %s\nwanted in it: %s" % (text, parts))


def connect(dsn, more=";GuardApproval=fail", autocommit=True):
    return pyodbc.connect("DSN=%s%s" % (dsn, more), autocommit=autocommit)


def pending(the_rig):
    return sorted(n for n in os.listdir(os.path.join(the_rig.mount, "approvals/pending"))
                  if n.startswith("r-"))


def approve(the_rig, name):
    path = os.path.join(the_rig.mount, "approvals/pending", name)
    done = the_rig.as_uid(rig.APPROVER_UID, [
        "sed", "-i", "s/^decision: pending/decision: approve/; s/^reason:/reason: fine/", path])
    if done.returncode:
        raise RuntimeError("cannot approve: " + done.stderr)


def auto(tap, engine, dsn, direct):
    guarded = connect(dsn)
    cursor = guarded.cursor()
    cursor.execute("UPDATE items SET n = 1 WHERE id <= 100")
    tap.is_(cursor.rowcount, 100, engine + ": a write within the bound runs, and says its rows")
    tap.is_(direct("SELECT count(*) FROM items WHERE n = 1"), 100, engine + ": it is committed")
    refused(tap, lambda: cursor.execute("UPDATE items SET n = 2"),
            ["42000", "[shop/huge]", "would change 300 rows of items; rule shop/huge allows 299", "(71001)",
             "Do it in parts", "rows=300", "rows_allowed=299"],
            engine + ": a write over the bound of a denial is refused with its rows")
    tap.is_(direct("SELECT count(*) FROM items WHERE n = 2"), 0, engine + ": and changed nothing")
    refused(tap, lambda: cursor.execute("UPDATE items SET n = ? WHERE id > ?", 3, 150),
            ["(71002)", "would change 150 rows of items; rule shop/bulk allows 100", "rows=150"],
            engine + ": one over the bound of an approval asks, with parameters")
    tap.is_(direct("SELECT count(*) FROM items WHERE n = 3"), 0, engine + ": and changed nothing")
    cursor.execute("UPDATE items SET n = 4 WHERE id = 1")
    tap.is_(direct("SELECT n FROM items WHERE id = 1"), 4, engine + ": the connection goes on, committing")
    cursor.execute("DELETE FROM items WHERE id = -1")
    tap.is_(cursor.rowcount, 0, engine + ": a write that changes nothing runs")
    try:
        cursor.execute("INSERT INTO items VALUES (1, 1, 'twice')")
        tap.ok(False, engine + ": a failing write fails")
    except pyodbc.Error as error:
        tap.ok("odbcguard" not in error.args[1] and ("UNIQUE" in error.args[1] or
                                                     "23505" in error.args[0]),
               engine + ": a failing write fails with the real driver's own record", error)
    cursor.execute("UPDATE items SET n = 5 WHERE id = 2")
    tap.is_(direct("SELECT n FROM items WHERE id = 2"), 5, engine + ": and the connection goes on")
    guarded.close()


def reach(tap, engine, dsn, direct):
    guarded = connect(dsn)
    cursor = guarded.cursor()
    refused(tap, lambda: cursor.execute("DELETE FROM parents WHERE id = 1"),
            ["(71002)", "would change 151 rows"],
            engine + ": rows that go by a foreign key are counted")
    tap.is_(direct("SELECT count(*) FROM children"), 150, engine + ": and are all there still")
    refused(tap, lambda: cursor.execute("INSERT INTO parents VALUES (77, 1)"),
            ["(71002)", "would change 201 rows"],
            engine + ": rows that a trigger writes are counted")
    if engine == "PostgreSQL":
        refused(tap, lambda: cursor.execute("WITH d AS (DELETE FROM items WHERE id > 10 RETURNING 1) "
                                            "SELECT count(*) FROM d").fetchall(),
                ["(71002)", "would change 290 rows"], engine + ": rows of a WITH clause are counted")
        rows = cursor.execute("UPDATE items SET note = 'r' WHERE id <= 2 RETURNING id").fetchall()
        tap.is_(sorted(r[0] for r in rows), [1, 2], engine + ": RETURNING within the bound hands its rows out")
        refused(tap, lambda: cursor.execute("UPDATE items SET note = 'r' RETURNING id"),
                ["(71001)", "would change 300 rows"], engine + ": RETURNING over it hands out nothing")
        refused(tap, lambda: cursor.execute("INSERT INTO late VALUES (1, 999)"), ["23503"],
                engine + ": what the commit refuses is the statement's error")
        tap.is_(direct("SELECT count(*) FROM late"), 0, engine + ": and left nothing")
    cursor.fast_executemany = False
    cursor.executemany("UPDATE items SET n = ? WHERE id = ?", [(9, i) for i in range(200, 220)])
    tap.is_(direct("SELECT count(*) FROM items WHERE n = 9"), 20, engine + ": many executions each by itself")
    if engine == "PostgreSQL":
        cursor.fast_executemany = True
        refused(tap, lambda: cursor.executemany("UPDATE items SET n = ? WHERE id = ?",
                                                [(10, i) for i in range(1, 121)]),
                ["(71002)", "would change 120 rows"],
                engine + ": the sets of one array execution count together")
        tap.is_(direct("SELECT count(*) FROM items WHERE n = 10"), 0, engine + ": and none stays")
    guarded.close()


def manual(tap, engine, dsn, direct, write_direct):
    guarded = connect(dsn, ";GuardApproval=wait;GuardApprovalTimeout=20", autocommit=False)
    cursor = guarded.cursor()
    cursor.execute("UPDATE items SET n = 20 WHERE id = 5")
    refused(tap, lambda: cursor.execute("UPDATE items SET n = 21 WHERE id > 50"),
            ["(71002)", "would change 250 rows", "inside a transaction"],
            engine + ": in a transaction nothing is parked, and the write is taken back")
    tap.is_(cursor.execute("SELECT count(*) FROM items WHERE n = 21").fetchone()[0], 0,
            engine + ": it is gone inside of the transaction too")
    cursor.execute("UPDATE items SET n = 22 WHERE id = 6")
    guarded.commit()
    tap.is_((direct("SELECT n FROM items WHERE id = 5"), direct("SELECT n FROM items WHERE id = 6"),
             direct("SELECT count(*) FROM items WHERE n = 21")), (20, 22, 0),
            engine + ": what came before and after is committed")
    guarded.rollback()
    result = {}

    def write():
        try:
            cursor.execute("UPDATE items SET n = 23 WHERE id > 50")
            guarded.commit()
            result["done"] = True
        except pyodbc.Error as error:
            result["error"] = error

    the_rig = manual.rig
    before = set(pending(the_rig))
    thread = threading.Thread(target=write)
    thread.start()
    the_rig.wait(lambda: set(pending(the_rig)) - before, "a request", 20)
    name = (set(pending(the_rig)) - before).pop()
    text = open(os.path.join(the_rig.mount, "approvals/pending", name)).read()
    tap.like(text, "would change 250 rows of items, counted by the write itself", engine + ": the request tells the rows")
    write_direct("UPDATE items SET note = 'free' WHERE id = 60")
    tap.is_(direct("SELECT note FROM items WHERE id = 60"), "free",
            engine + ": while it waits, others write the same rows: no lock is held")
    approve(the_rig, name)
    thread.join()
    tap.ok(result.get("done"), engine + ": once approved, it runs", result)
    tap.is_(direct("SELECT count(*) FROM items WHERE n = 23"), 250, engine + ": and is committed")
    guarded.close()


def drift(tap, engine, dsn, direct, write_direct):
    guarded = connect(dsn)
    cursor = guarded.cursor()
    the_rig = manual.rig
    sql = "UPDATE items SET n = 30 WHERE note = 'x'"
    write_direct("UPDATE items SET note = 'x'")
    write_direct("UPDATE items SET note = 'y' WHERE id <= 100")
    before = set(pending(the_rig))
    refused(tap, lambda: cursor.execute(sql), ["(71002)", "200 rows"], engine + ": asks for 200 rows")
    approve(the_rig, (set(pending(the_rig)) - before).pop())
    write_direct("UPDATE items SET note = 'x' WHERE id = 1")
    refused(tap, lambda: cursor.execute(sql), ["(71002)", "201 rows"],
            engine + ": a grant for 200 rows is none for 201")
    tap.ok(any("superseded" in str(r) for r in the_rig.ledger()), engine + ": it is void, and the ledger says why")
    write_direct("UPDATE items SET note = 'y' WHERE id = 1")
    refused(tap, lambda: cursor.execute(sql), ["(71002)", "200 rows"],
            engine + ": for 200 rows again, it has to be asked for again")
    approve(the_rig, (set(pending(the_rig)) - before).pop())
    cursor.execute(sql)
    tap.is_(cursor.rowcount, 200, engine + ": the grant for 200 rows is good for 200")
    tap.is_(direct("SELECT count(*) FROM items WHERE n = 30"), 200, engine + ": and they are changed")
    records = [r for r in the_rig.ledger() if "taken back" in str(r)]
    tap.ok(records, engine + ": the ledger says what was taken back")
    guarded.close()


def set_up(the_rig):
    text = {}
    for engine, series in SERIES.items():
        text[engine] = TABLES + ROWS % ("v", series, "v", series, "v", "v", series, "v")
    trigger = ("CREATE TRIGGER more AFTER INSERT ON parents WHEN NEW.id = 77 BEGIN INSERT INTO children "
               "SELECT 1000 + id, 2 FROM items WHERE id <= 200; END;")
    the_rig.sqlite("rows_s", text["SQLite"] + trigger, {"FKSupport": "1"})
    the_rig.postgresql("rows_p", text["PostgreSQL"] + LATE + """
        CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO children
          SELECT 1000 + id, 2 FROM items WHERE id <= 200; RETURN NULL; END$$;
        CREATE TRIGGER more AFTER INSERT ON parents FOR EACH ROW WHEN (NEW.id = 77)
          EXECUTE FUNCTION more();""")


def directly(the_rig, dsn):
    connection = pyodbc.connect("DSN=" + dsn, autocommit=True)

    def read(sql):
        value = connection.cursor().execute(sql).fetchone()[0]
        return int(value) if str(value).lstrip("-").isdigit() else value

    def write(sql):
        connection.cursor().execute(sql)

    return read, write


def main():
    tap = rig.Tap()
    rig.need_root()
    the_rig = rig.Rig({"shop.yaml": RULES % BOUNDS}, rig.SHOP_CONFIG)
    set_up(the_rig)
    the_rig.start()
    manual.rig = the_rig
    for engine, dsn in (("SQLite", "rows_s"), ("PostgreSQL", "rows_p")):
        read, write = directly(the_rig, dsn)
        auto(tap, engine, dsn + "-guarded", read)
        reach(tap, engine, dsn + "-guarded", read)
        manual(tap, engine, dsn + "-guarded", read, write)
        drift(tap, engine, dsn + "-guarded", read, write)
    the_rig.write("policies/shop.yaml", RULES % "")
    the_rig.wait(lambda: "bulk" not in the_rig.read("policies", "active", "shop.yaml")
                 if os.path.exists(os.path.join(the_rig.mount, "policies/active/shop.yaml")) else False,
                 "the second set", 20)
    for engine, dsn in (("SQLite", "rows_s"), ("PostgreSQL", "rows_p")):
        read, write = directly(the_rig, dsn)
        connect(dsn + "-guarded").cursor().execute("UPDATE items SET n = 99")
        tap.is_(read("SELECT count(*) FROM items WHERE n = 99"), 300,
                engine + ": control: without the rules the same write changes everything")
    tap.done()


main()
