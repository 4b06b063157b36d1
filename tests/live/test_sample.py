#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A request shows a few of the rows that the rehearsed write would change, before and after, through the masks of
who asks: cascades and triggers too, on SQLite and PostgreSQL. No masked value stands in it, in the ledger or
anywhere else below the mount and the state; in a test build without the masks (--enable-planted-fault=sample-masks)
this fails."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc  # noqa: F401
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")
from asked import Shop  # noqa: E402

# What must never be seen: the masked columns' values.
CANARIES = ["annika.lund", "bosse.berg", "cay.mar", "hush-4471", "hush-4472", "hush-4473", "new.address", "hush-9999",
            "1971-02-03"]
TABLES = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(80), mail VARCHAR(80), born DATE, secret VARCHAR(40),
  points INTEGER, photo %s);
CREATE TABLE lines (id INTEGER PRIMARY KEY, person INTEGER REFERENCES people(id) ON DELETE CASCADE, what VARCHAR(80));
CREATE TABLE vault (id INTEGER PRIMARY KEY, n INTEGER);
CREATE TABLE named (code VARCHAR(40) PRIMARY KEY, n INTEGER);
"""
FILL = """
INSERT INTO people VALUES (1, 'Annika', 'annika.lund@example.com', '1971-02-03', 'hush-4471', 10, NULL);
INSERT INTO people VALUES (2, 'Bosse "B"', 'bosse.berg@example.com', '1971-02-03', 'hush-4472', NULL, NULL);
INSERT INTO people VALUES (3, 'Cay', 'cay.mar@example.org', NULL, 'hush-4473', 30, %s);
INSERT INTO lines VALUES (1, 1, 'one'), (2, 1, 'two'), (3, 2, 'three');
INSERT INTO vault VALUES (1, 1);
INSERT INTO named VALUES ('hush-4471', 1), ('hush-4472', 2);
"""
MANY = {"SQLite": "WITH RECURSIVE t(v) AS (SELECT 100 UNION ALL SELECT v + 1 FROM t WHERE v < 400) "
                  "INSERT INTO lines SELECT v, 3, 'many' FROM t;",
        "PostgreSQL": "INSERT INTO lines SELECT v, 3, 'many' FROM generate_series(100, 400) AS t(v);"}
POLICY = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
data:
  - {columns: [people.mail], mask: partial, class: email}
  - {columns: [people.born], mask: truncate-date}
  - {columns: [people.secret], mask: sql-null}
  - {columns: [named.code], mask: fixed}
rules:
  - id: read
    when: {effect: select, tables-except: [vault]}
    then: allow
  - id: writes
    when: {effect: [insert, update, delete]}
    then: approve
    by: {group: dba, within: 30m%s}
"""


def sample(text):
    """The lines of rows."""
    return [l.strip() for l in text.splitlines()
            if re.match(r"  (main|public)\.\w+: (\w+=|its rows|\()", l) or "rows are shown" in l or "more rows are" in l]


def asked(shop, sql, *parameters):
    cursor = shop.guarded().cursor()
    name, text, error = shop.request(lambda: cursor.execute(sql, *parameters))
    return [l.replace(shop.schema() + ".", "", 1) for l in sample(text)], text, error


def rows(shop):
    tap = shop.tap
    lines, text, error = asked(shop, "UPDATE people SET points = 5, name = 'New\nline' WHERE id = 1")
    tap.is_(lines, ['people: id="1" changes name from "Annika" to "New\\u000Aline", points from "10" to "5"'],
            shop.name("a change, with what could end the line written as a number") + error)
    lines, text, _ = asked(shop, "UPDATE people SET points = 7 WHERE id = 2")
    tap.is_(lines, ['people: id="2" changes points from null to "7"'], shop.name("from NULL"))
    lines, text, _ = asked(shop, "UPDATE people SET mail = ?, born = '1980-05-06', secret = ? WHERE id = 1",
                           "new.address@example.net", "hush-9999")
    tap.is_(lines, ['people: id="1" changes mail from "a***@example.com" to "n***@example.net", born from "1971-01-01" to '
                    '"1980-01-01", secret from (masked) to (masked)'], shop.name("masked values, each by its mask"))
    lines, text, _ = asked(shop, "DELETE FROM people WHERE id = 1")
    tap.is_(sorted(lines), ['lines: id="1" goes: person="1", what="one"', 'lines: id="2" goes: person="1", what="two"',
                            'people: id="1" goes: name="Annika", mail="a***@example.com", born="1971-01-01", '
                            'secret=(masked), points="10", photo=null'], shop.name("a deletion and what follows it"))
    lines, text, _ = asked(shop, "INSERT INTO lines VALUES (9, 2, ?)", "x" * 80)
    tap.is_(lines, ['lines: id="9" is new: person="2", what="%s..."' % ("x" * 48)], shop.name("an insert, cut where it is long"))
    lines, text, _ = asked(shop, "DELETE FROM people WHERE id = 3")
    tap.is_(len([l for l in lines if l.startswith("lines")]), 5, shop.name("of each table the first rows"))
    tap.ok(any("photo=(4 bytes)" in l or 'photo="\\u005Cx01020304"' in l for l in lines),
           shop.name("bytes are not text"), lines)
    lines, text, _ = asked(shop, "UPDATE named SET n = n + 1")
    key = ('rowid="1"', 'rowid="2"') if shop.engine == "SQLite" else ('code="***"', 'code="***"')
    tap.is_(sorted(lines), ['named: %s changes n from "1" to "2"' % key[0], 'named: %s changes n from "2" to "3"' % key[1]],
            shop.name("a masked key is masked"))
    if shop.engine == "PostgreSQL":  # on SQLite a write of an unreadable table is refused
        lines, text, _ = asked(shop, "UPDATE vault SET n = 2")
        tap.is_(lines, ["vault: its rows are not shown, as the requester may not read all of it"],
                shop.name("nothing of a table that the requester may not read"))
    lines, text, _ = asked(shop, "UPDATE lines SET what = 'none' WHERE id = 100000")
    tap.is_(lines, [], shop.name("nothing where nothing changes"))


def inside(shop):
    tap, connection = shop.tap, shop.guarded(autocommit=False)
    cursor = connection.cursor()
    name, text, error = shop.request(lambda: cursor.execute("UPDATE people SET points = 1 WHERE id = 2"))
    tap.ok('people: id="2" changes points from null to "1"' in text or not name, shop.name("in a transaction of the application's"),
           "%s %s" % (error, text))
    name, text, error = shop.request(lambda: cursor.execute("UPDATE people SET points = 2 WHERE id = 2"))
    tap.ok('from null to "2"' in text, shop.name("and again in the same one"), "%s %s" % (error, text))
    connection.rollback()


def amended(shop):
    """An approver's statement is measured and shown as the requester's."""
    tap, cursor = shop.tap, shop.guarded().cursor()
    name, text, _ = shop.request(lambda: cursor.execute("UPDATE people SET points = 99"))
    tap.is_(len(sample(text)), 3, shop.name("three rows before it is narrowed"))
    shop.answer(name, "s/^  UPDATE .*/& WHERE id = 2/")
    try:
        cursor.execute("UPDATE people SET points = 99")
    except pyodbc.Error:
        pass
    with open(shop.path(name)) as file:
        text = file.read()
    tap.is_([l.split(": ", 1)[1] for l in sample(text)], ['id="2" changes points from null to "99"'],
            shop.name("and one after"))


def canaries(tap, the_rig):
    """Everything that guardfs shows or keeps, apart from its sealed sets."""
    found = []
    for top in (the_rig.mount, the_rig.state):
        for folder, _, names in os.walk(top):
            for name in names:
                if name in ("stream", "ctl") or name.endswith(".sealed"):
                    continue
                try:
                    with open(os.path.join(folder, name), "rb") as file:
                        text = file.read(4 << 20).decode("utf-8", "replace")
                except OSError:
                    continue
                found += [(name, c) for c in CANARIES if c in text]
    tap.is_(found, [], "no masked value stands anywhere that guardfs shows or keeps")


def without(shop):
    lines, text, _ = asked(shop, "UPDATE people SET points = 6 WHERE id = 2")
    shop.tap.ok(not lines and "would change 1 row" in text, shop.name("`sample: 0` shows none"), text)


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": POLICY % ""}, rig.SHOP_CONFIG)
    the_rig.sqlite("sample_s", TABLES % "BLOB" + FILL % "x'01020304'" + MANY["SQLite"], {"FKSupport": "1"})
    the_rig.postgresql("sample_p", TABLES % "bytea" + FILL % "'\\x01020304'" + MANY["PostgreSQL"])
    the_rig.start()
    shops = [Shop(tap, the_rig, engine, dsn) for engine, dsn in (("SQLite", "sample_s"), ("PostgreSQL", "sample_p"))]
    for shop in shops:
        rows(shop)
        inside(shop)
        amended(shop)
    canaries(tap, the_rig)
    the_rig.write("policies/shop.yaml", POLICY % ", sample: 0")
    the_rig.wait(lambda: "sample: 0" in the_rig.read("policies", "active", "shop.yaml"), "the second set", 20)
    for shop in shops:
        without(shop)
    the_rig.close()
    tap.done()


main()
