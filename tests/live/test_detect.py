#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`detect` on SQLite and PostgreSQL: sensitive text inside of columns that nobody classified comes out
masked by every way of reading and in diagnostics; everything else comes out as it is. The last part is the
control: without `detect` the same values are there."""
import os
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
data:
  - columns: [notes.clear]
    class: none
%srules:
  - id: all
    when: {effect: [select, insert]}
    then: allow
"""
KEY = "AK" + "IA" + "QWERTYUIOP234567"
SECRETS = ("ann@example.com", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "+49 30 1234567", KEY, "078-05-1120")
PLAIN = ("nothing here", "order 1234567890 of 2024-01-15, 12.50 EUR", "Grüße aus Köln → 100%", "")
TABLES = """
CREATE TABLE notes (id INTEGER PRIMARY KEY, note VARCHAR(200), body TEXT, clear VARCHAR(200), n BIGINT,
  price NUMERIC(10,2), day DATE);
"""


def rows():
    text = ""
    for i, secret in enumerate(SECRETS + PLAIN, 1):
        note = "see %s now" % secret if secret in SECRETS else secret
        text += "INSERT INTO notes VALUES (%d, '%s', '%s', '%s', 4111111111111111, 12.50, '2024-01-15');\n" % (
            i, note, note * 3, note)
    return text


def failure(run):
    try:
        run()
        return "it ran"
    except pyodbc.Error as error:
        return "%s %s" % (error.args[0], error.args[1] if len(error.args) > 1 else "")


def leaks(value):
    text = str(value)
    return [s for s in SECRETS if s in text or s.replace(" ", "") in text]


def put_policy(the_rig, detect, mark):
    the_rig.write("policies/shop.yaml", HEAD % detect + "# %s\n" % mark)
    the_rig.wait(lambda: "# %s\n" % mark in the_rig.read("policies", "active", "shop.yaml"), "the set", 20)


def reading(tap, engine, dsn, direct):
    connection = pyodbc.connect("DSN=" + dsn, autocommit=True)
    cursor = connection.cursor()
    got = cursor.execute("SELECT id, note, body, clear, n, price, day FROM notes ORDER BY id").fetchall()
    want = direct.cursor().execute("SELECT id, note, body, clear, n, price, day FROM notes ORDER BY id").fetchall()
    tap.is_(len(got), len(want), engine + ": all rows")
    n = len(SECRETS)
    tap.is_([r.note for r in got[:n]], ["see *** now"] * n, engine + ": exactly the spans are masked")
    tap.is_([r.body for r in got[:n]], ["see *** now" * 3] * n, engine + ": all of them in a value")
    tap.is_([(r.note, r.body) for r in got[n:]], [(r.note, r.body) for r in want[n:]],
            engine + ": other text is as it was")
    tap.is_([(r.clear, r.n, r.price, r.day) for r in got], [(r.clear, r.n, r.price, r.day) for r in want],
            engine + ": class: none, numbers and dates are as they were")
    many = cursor.execute("SELECT note FROM notes ORDER BY id").fetchmany(4)
    tap.ok(not leaks(many), engine + ": by blocks", many)
    for sql in ("SELECT note || '' FROM notes", "SELECT 'x' || note AS a FROM notes UNION ALL SELECT body FROM notes",
                "WITH c AS (SELECT upper(note) AS u, note FROM notes) SELECT * FROM c",
                "SELECT max(note) FROM notes GROUP BY id", "SELECT substr(note, 5, 40) FROM notes"):
        tap.ok(not leaks(cursor.execute(sql).fetchall()), engine + ": by " + sql)
    tap.ok(not leaks(cursor.execute("SELECT '%s'" % SECRETS[0]).fetchall()), engine + ": a constant too")
    text = failure(lambda: cursor.execute("INSERT INTO notes(id, note) VALUES ((SELECT 1), 'ann@example.com')"))
    tap.ok("it ran" not in text and not leaks(text), engine + ": a failing write tells nothing", text)
    if engine == "PostgreSQL":
        text = failure(lambda: cursor.execute("SELECT CAST(note AS integer) FROM notes WHERE id = 1").fetchall())
        tap.ok("22P02" in text and "***" in text and not leaks(text), engine + ": nor does a diagnostic", text)
    cells = [r for r in manual_ledger(reading.rig) if r]
    tap.ok(cells, engine + ": the ledger counts the cells that were masked")
    connection.close()


def manual_ledger(the_rig):
    return [line for line in the_rig.ledger() if "masked" in str(line)]


def large(tap, engine, dsn, direct):
    direct.cursor().execute("INSERT INTO notes(id, body) VALUES (500, ?)", "x" * (1024 * 1024 + 1))
    direct.cursor().execute("INSERT INTO notes(id, body) VALUES (501, ?)", "y" * 1000000 + " ann@example.com")
    cursor = pyodbc.connect("DSN=" + dsn, autocommit=True).cursor()
    text = failure(lambda: cursor.execute("SELECT body FROM notes WHERE id = 500").fetchall())
    tap.ok("(71005)" in text and "1 MiB" in text, engine + ": a value of more than 1 MiB is refused", text[:200])
    value = cursor.execute("SELECT body FROM notes WHERE id = 501").fetchone()[0]
    tap.ok(value.endswith("y ***") and len(value) == 1000004, engine + ": one of less is looked through", len(value))
    direct.cursor().execute("DELETE FROM notes WHERE id >= 500")


def odd(tap, engine, dsn, direct):
    if engine != "SQLite":
        return
    direct.cursor().execute("INSERT INTO notes(id, note) VALUES (600, CAST(x'4BF66C6E' AS TEXT))")
    cursor = pyodbc.connect("DSN=" + dsn, autocommit=True).cursor()
    cursor.connection.setdecoding(pyodbc.SQL_CHAR, encoding="latin-1")
    value = cursor.execute("SELECT note FROM notes WHERE id = 600").fetchone()[0]
    tap.note("text that is no UTF-8 comes out as %r" % value)
    direct.cursor().execute("DELETE FROM notes WHERE id = 600")


def main():
    tap = rig.Tap()
    rig.need_root()
    the_rig = rig.Rig({"shop.yaml": HEAD % ""}, rig.SHOP_CONFIG)
    reading.rig = the_rig
    the_rig.sqlite("detect_s", TABLES + rows())
    the_rig.postgresql("detect_p", TABLES + rows())
    the_rig.start()
    put_policy(the_rig, "detect: {kinds: [email, payment-card, iban, phone, us-ssn, secret], mask: fixed}\n", "on")
    for engine, dsn in (("SQLite", "detect_s"), ("PostgreSQL", "detect_p")):
        direct = pyodbc.connect("DSN=" + dsn, autocommit=True)
        reading(tap, engine, dsn + "-guarded", direct)
        large(tap, engine, dsn + "-guarded", direct)
        odd(tap, engine, dsn + "-guarded", direct)
    put_policy(the_rig, "detect: {kinds: [email], mask: partial}\n", "partial")
    for engine, dsn in (("SQLite", "detect_s"), ("PostgreSQL", "detect_p")):
        got = pyodbc.connect("DSN=%s-guarded" % dsn).cursor().execute(
            "SELECT note FROM notes WHERE id <= 2 ORDER BY id").fetchall()
        tap.is_([r[0] for r in got], ["see a***@example.com now", "see 4111 1111 1111 1111 now"],
                engine + ": partial keeps what its class keeps; other kinds stay")
    put_policy(the_rig, "", "off")
    for engine, dsn in (("SQLite", "detect_s"), ("PostgreSQL", "detect_p")):
        got = pyodbc.connect("DSN=%s-guarded" % dsn).cursor().execute("SELECT note FROM notes ORDER BY id").fetchall()
        tap.is_(len(leaks(got)), len(SECRETS), engine + ": control: without detect every one is there")
    tap.done()


main()
