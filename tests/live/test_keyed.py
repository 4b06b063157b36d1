#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Masks with a key on SQLite and PostgreSQL: tokens tell values apart in one session and mean nothing in the
next; format-preserving values keep form, type and size. The control reads the same without masks."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

HEAD = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
%srules:
  - id: read
    when: {effect: select}
    then: allow
"""
DATA = """data:
  - columns: [people.mail]
    class: email
    mask: token
    group: yes
  - columns: [people.ssn]
    class: us-ssn
    mask: token
  - columns: [people.card, people.account, people.salary]
    class: other
    mask: format-preserving
  - columns: [people.points]
    mask: {kind: fixed, text: "0"}
writes: {undo: optional}
"""
TABLE = """
CREATE TABLE people (id INTEGER PRIMARY KEY, mail VARCHAR(80), ssn VARCHAR(11), card VARCHAR(19), account BIGINT,
  salary INTEGER, points INTEGER);
INSERT INTO people VALUES (1, 'ann@example.com', '078-05-1120', '4111-1111-1111-1111', 1234567890123, 1999999999, 7);
INSERT INTO people VALUES (2, 'bo@example.com', '219-09-9999', '5500-0000-0000-0004', 1234567890124, 123456, 8);
INSERT INTO people VALUES (3, 'ann@example.com', '078-05-1120', '4111-1111-1111-1111', 1234567890123, 17, NULL);
"""
SQL = "SELECT id, mail, ssn, card, account, salary, points FROM people ORDER BY id"


def main():
    tap = rig.Tap()
    rig.need_root()
    the_rig = rig.Rig({"shop.yaml": HEAD % DATA}, rig.SHOP_CONFIG)
    the_rig.sqlite("keyed_s", TABLE)
    the_rig.postgresql("keyed_p", TABLE)
    the_rig.start()
    for engine, dsn in (("SQLite", "keyed_s"), ("PostgreSQL", "keyed_p")):
        first = pyodbc.connect("DSN=%s-guarded" % dsn, autocommit=True).cursor()
        second = pyodbc.connect("DSN=%s-guarded" % dsn, autocommit=True).cursor()
        rows, others = first.execute(SQL).fetchall(), second.execute(SQL).fetchall()
        tap.ok(all(re.fullmatch("tok_[0-9a-z]{16}", r.mail) for r in rows), engine + ": tokens", rows[0].mail)
        tap.ok(rows[0].mail == rows[2].mail != rows[1].mail, engine + ": one value has one token")
        tap.ok(not {r.mail for r in rows} & {r.mail for r in others}, engine + ": another session has others")
        tap.is_([r.mail for r in first.execute(SQL).fetchall()], [r.mail for r in rows],
                engine + ": the session keeps its own")
        tap.ok(all(re.fullmatch(r"\d{3}-\d\d-\d{4}", r.ssn) for r in rows) and rows[0].ssn != "078-05-1120" and
               rows[0].ssn == rows[2].ssn, engine + ": a column too short for a token keeps its form", rows[0].ssn)
        tap.ok(re.fullmatch(r"(\d{4}-){3}\d{4}", rows[0].card) and rows[0].card[:9] != "4111-1111",
               engine + ": a card keeps its form", rows[0].card)
        tap.ok(isinstance(rows[0].account, int) and rows[0].account != 1234567890123 and
               rows[0].account == rows[2].account, engine + ": a number stays a number", rows[0].account)
        tap.ok(isinstance(rows[0].salary, int) and 0 <= rows[0].salary < 2 ** 31 and rows[0].salary != 1999999999,
               engine + ": within its type", rows[0].salary)
        tap.is_(rows[2].salary, None, engine + ": a number of two digits has no million others")
        tap.is_([r.points for r in rows], [0, 0, None], engine + ": a fixed number; NULL stays NULL")
        try:
            first.execute("SELECT mail, count(*) FROM people GROUP BY mail")
            tap.ok(False, engine + ": group: yes opens nothing inline", "it ran")
        except pyodbc.Error as error:
            tap.like(error.args[1], "(71001)", engine + ": group: yes opens nothing inline")
    the_rig.write("policies/shop.yaml", HEAD % "")
    the_rig.wait(lambda: "token" not in the_rig.read("policies", "active", "shop.yaml"), "the set", 20)
    for engine, dsn in (("SQLite", "keyed_s"), ("PostgreSQL", "keyed_p")):
        row = pyodbc.connect("DSN=%s-guarded" % dsn).cursor().execute(SQL).fetchone()
        tap.is_((row.mail, row.card), ("ann@example.com", "4111-1111-1111-1111"), engine + ": control: without masks")
    tap.done()


main()
