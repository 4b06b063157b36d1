#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`limits` and `lookup` on SQLite and PostgreSQL: each limit binds with 71004 and says when to come again,
what is used survives kill -9, and a masked column is searched by one exact value as often as its policy
says and in no other way."""
import os
import re
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

TABLES = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, email VARCHAR(80) UNIQUE, phone VARCHAR(40), country TEXT);
CREATE TABLE free (id INTEGER PRIMARY KEY, n INTEGER);
"""
SERIES = {"SQLite": "(WITH RECURSIVE t(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM t WHERE v < 500) "
                    "SELECT v FROM t)", "PostgreSQL": "generate_series(1, 500) AS t(v)"}
ROWS = """
INSERT INTO customers SELECT v, 'u' || v || '@example.com', '+49301234' || v, 'DE' FROM %s;
INSERT INTO free SELECT v, 0 FROM %s;
"""
SLOW = {"SQLite": "WITH RECURSIVE t(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM t) SELECT count(*) FROM t",
        "PostgreSQL": "SELECT count(*) FROM generate_series(1, 2000000000)"}
HEAD = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
data:
  - columns: [customers.email]
    class: email
%s  - columns: [customers.phone]
    class: phone
rules:
  - id: all
    when: {effect: [select, insert, update]}
    then: allow
  - id: ask
    when: {effect: delete}
    then: approve
    by: {group: dba}
"""
LOOKUP = "    lookup: {equality: yes, per-day: %d}\n"


class World:
    def __init__(self):
        self.rig = rig.Rig({"shop.yaml": HEAD % ""}, rig.SHOP_CONFIG)
        series = SERIES["SQLite"]
        self.rig.sqlite("limits_s", TABLES + ROWS % (series, series))
        series = SERIES["PostgreSQL"]
        self.rig.postgresql("limits_p", TABLES + ROWS % (series, series))
        self.rig.start()
        self.n = 0

    def policy(self, lookup="", limits=""):
        """Puts a set in force; a comment of its own tells that it is."""
        self.n += 1
        text = HEAD % lookup + limits + "# set %d\n" % self.n
        self.rig.write("policies/shop.yaml", text)
        self.rig.wait(lambda: "# set %d\n" % self.n in self.rig.read("policies", "active", "shop.yaml"),
                      "the set: " + self.rig.read("policies", "problem"), 20)

    def forget(self):
        """Nothing used: guardfs anew without its budgets."""
        self.rig.stop()
        path = os.path.join(self.rig.state, "budgets")
        if os.path.exists(path):
            os.unlink(path)
        self.rig.start()


def connect(dsn, more=""):
    return pyodbc.connect("DSN=%s;GuardApproval=fail%s" % (dsn, more), autocommit=True)


def failure(run):
    try:
        run()
        return "it ran"
    except pyodbc.Error as error:
        return "%s %s" % (error.args[0], error.args[1] if len(error.args) > 1 else "")


def refused(tap, run, parts, name):
    text = failure(run)
    return tap.ok(all(part in text for part in parts), name,
                  "got: %s\nwanted in it: %s" % (text, parts))


def lookups(tap, world, engine, dsn):
    world.policy()
    cursor = connect(dsn).cursor()
    sql = "SELECT id, email FROM customers WHERE email = ?"
    refused(tap, lambda: cursor.execute(sql, "u1@example.com"), ["(71001)", "email"],
            engine + ": without lookup a search is refused")
    world.policy(LOOKUP % 5)
    cursor = connect(dsn).cursor()
    rows = cursor.execute(sql, "u7@example.com").fetchall()
    tap.is_([tuple(r) for r in rows], [(7, "u***@example.com")], engine + ": one exact value is found, masked")
    tap.is_(len(cursor.execute(sql, "nobody@example.com").fetchall()), 0, engine + ": and what is not there is not")
    rows = cursor.execute("SELECT id FROM customers WHERE country = 'DE' AND email = 'u9@example.com' "
                          "ORDER BY id").fetchall()
    tap.is_([r[0] for r in rows], [9], engine + ": as a constant and beside other conditions too")
    for part in ("email LIKE 'u%'", "email > 'u'", "email IN ('a', 'b')", "email = 'a' OR email = 'b'",
                 "email = phone", "NOT email = 'a'", "lower(email) = 'a'", "email IS NULL",
                 "phone = '+49301234'"):
        refused(tap, lambda: cursor.execute("SELECT id FROM customers WHERE " + part), ["(71001)"],
                engine + ": refused all the same: " + part)
    for other in ("SELECT email = 'a' FROM customers", "SELECT id FROM customers ORDER BY email",
                  "SELECT count(*) FROM customers GROUP BY email = 'a'",
                  "SELECT c.id FROM customers c JOIN (SELECT 'a' AS x UNION SELECT 'b') v ON v.x = c.email"):
        refused(tap, lambda: cursor.execute(other), ["(710"], engine + ": refused all the same: " + other)
    cursor.execute(sql, "u1@example.com").fetchall()
    cursor.execute(sql, "u2@example.com").fetchall()
    refused(tap, lambda: cursor.execute(sql, "u3@example.com"),
            ["42000", "(71004)", "limit of 5 lookups of", "customers.email", "retry_after="],
            engine + ": the sixth of a day is refused")
    tap.is_(cursor.execute("SELECT count(*) FROM customers").fetchone()[0], 500,
            engine + ": what is no lookup goes on")
    world.rig.kill_daemon()
    world.rig.start()
    refused(tap, lambda: connect(dsn).cursor().execute(sql, "u3@example.com"), ["(71004)"],
            engine + ": after kill -9 of guardfs still")
    world.policy(LOOKUP % 9)
    if engine == "PostgreSQL":
        cursor = connect(dsn).cursor()
        cursor.fast_executemany = True
        refused(tap, lambda: cursor.executemany("UPDATE customers SET country = ? WHERE email = ?",
                                                [("X", "u%d@example.com" % i) for i in range(6)]),
                ["(71004)"], engine + ": every set of an array counts")
    connect(dsn).cursor().execute(sql, "u4@example.com").fetchall()


def violations(tap, world, engine, dsn):
    world.policy(LOOKUP % 3)
    cursor = connect(dsn).cursor()
    for i in range(3):
        text = failure(lambda: cursor.execute("INSERT INTO customers VALUES (?, ?, 'p', 'DE')", 9000 + i,
                                              "u%d@example.com" % (i + 1)))
        tap.ok("(71004)" not in text and "it ran" != text and "u%d@" % (i + 1) not in text,
               engine + ": a duplicate fails, without its value", text)
    refused(tap, lambda: cursor.execute("INSERT INTO customers VALUES (9100, 'new@example.com', 'p', 'DE')"),
            ["(71004)", "duplicates in the masked column"],
            engine + ": after three duplicates that day nothing is written into the column")
    cursor.execute("UPDATE customers SET country = 'SE' WHERE id = 1")
    tap.ok(True, engine + ": other columns are written still")


def rows(tap, world, engine, dsn):
    world.policy(limits="limits: {rows: {per-statement: 100, per-hour: 1000}}\n")
    cursor = connect(dsn).cursor()
    tap.is_(len(cursor.execute("SELECT id FROM free WHERE id <= 100").fetchall()), 100,
            engine + ": as many rows as a statement may have")
    refused(tap, lambda: cursor.execute("SELECT id FROM free WHERE id <= 101").fetchall(),
            ["42000", "(71004)", "[shop/limits]", "limit of 100 rows", "rows_allowed=100"],
            engine + ": one more is an error, no silent cut")
    refused(tap, lambda: connect(dsn, ";GuardMaxRows=10").cursor().execute(
        "SELECT id FROM free WHERE id <= 11").fetchall(), ["(71004)", "limit of 10 rows", "GuardMaxRows"],
            engine + ": the client may ask for less")
    for _ in range(9):
        last = failure(lambda: cursor.execute("SELECT id FROM free WHERE id <= 100").fetchall())
    refused(tap, lambda: cursor.execute("SELECT id FROM free WHERE id = 1").fetchall(),
            ["(71004)", "limit of 1000 rows a hour", "retry_after="],
            engine + ": after as many rows as an hour may have no statement runs")
    tap.ok(last in ("it ran", last), engine + ": (%s)" % last[:40])


def statements(tap, world, engine, dsn):
    world.policy(limits="limits: {statements: 20/h}\n")
    cursor = connect(dsn).cursor()
    n = 0
    while n < 30 and failure(lambda: cursor.execute("SELECT 1").fetchall()) == "it ran":
        n += 1
    tap.ok(10 < n <= 20, engine + ": statements end at their limit, catalog functions counted", n)
    refused(tap, lambda: cursor.execute("SELECT 1"), ["(71004)", "limit of 20 statements a hour"],
            engine + ": and say so")
    after = int(re.search(r"retry_after=(\d+)", failure(lambda: cursor.execute("SELECT 1"))).group(1))
    tap.ok(0 < after <= 3600, engine + ": with the time to wait", after)
    world.rig.kill_daemon()
    world.rig.start()
    refused(tap, lambda: connect(dsn).cursor().execute("SELECT 1"), ["(71004)"],
            engine + ": a restart gives nothing back")


def connections(tap, world, engine, dsn):
    world.policy(limits="limits: {connections: 3/h}\n")
    for _ in range(3):
        connect(dsn).close()
    refused(tap, lambda: connect(dsn), ["08004", "(71004)", "limit of 3 connections a hour", "retry_after="],
            engine + ": the fourth connection of an hour is refused")


def runtime(tap, world, engine, dsn):
    world.policy(limits="limits: {runtime: 1s}\n")
    connection = connect(dsn)
    began = time.monotonic()
    refused(tap, lambda: connection.cursor().execute(SLOW[engine]).fetchall(),
            ["42000", "(71004)", "longer than 1 seconds"], engine + ": what runs too long is cancelled")
    tap.ok(time.monotonic() - began < 60, engine + ": in time")
    tap.is_(connection.cursor().execute("SELECT count(*) FROM free").fetchone()[0], 500,
            engine + ": the connection goes on")


def once_told(cursor):
    """guardfs hears of another connection's end a little later than its client."""
    end = time.monotonic() + 20
    while True:
        try:
            return cursor.execute("SELECT 1").fetchone()[0]
        except pyodbc.Error as error:
            if "(71004)" not in str(error) or time.monotonic() > end:
                return str(error)
            time.sleep(0.05)


def parallel(tap, world, engine, dsn):
    world.policy(limits="limits: {parallel: 2}\n")
    slow = [connect(dsn).cursor() for _ in range(2)]
    for cursor in slow:
        cursor.execute("SELECT id FROM free ORDER BY id")
        cursor.fetchone()
    third = connect(dsn).cursor()
    refused(tap, lambda: third.execute("SELECT 1"), ["(71004)", "limit of 2 statements at once"],
            engine + ": a third statement at once is refused")
    slow[0].fetchall()
    tap.is_(once_told(third), 1, engine + ": and runs once another has ended")
    third.fetchall()
    slow[1].connection.close()
    tap.is_(once_told(third), 1, engine + ": a closed connection runs nothing")


def requests(tap, world, engine, dsn):
    world.policy(limits="limits: {requests: 2/h}\n")
    cursor = connect(dsn).cursor()
    for i in (1, 2, 1):
        refused(tap, lambda: cursor.execute("DELETE FROM free WHERE id = %d" % i), ["(71002)"],
                engine + ": a request, and the same one again")
    refused(tap, lambda: cursor.execute("DELETE FROM free WHERE id = 3"),
            ["(71004)", "limit of 2 requests a hour", "retry_after="], engine + ": a third one is refused")


def main():
    tap = rig.Tap()
    rig.need_root()
    world = World()
    for engine, dsn in (("SQLite", "limits_s-guarded"), ("PostgreSQL", "limits_p-guarded")):
        for part in (lookups, violations, rows, statements, connections, runtime, parallel, requests):
            world.policy()
            world.forget()
            part(tap, world, engine, dsn)
    broken = os.path.join(world.rig.state, "budgets")
    world.rig.stop()
    open(broken, "a").write("what is this\n")
    world.rig.start(wait=False)
    world.rig.guardfs.wait(20)
    tap.ok(world.rig.guardfs.returncode != 0, "guardfs does not start over budgets that it cannot read")
    tap.like(open(world.rig.path("guardfs.log")).read(), "budgets", "and says which file")
    tap.done()


main()
