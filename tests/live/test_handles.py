#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The mask `handle` on SQLite and PostgreSQL: an agent acts on rows by values that it never sees. A handle is
shown in the place of the value; it comes back as a parameter compared with or written into its own column, and
nowhere else; no text, setting, cursor, other column or other session turns it into the value."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

TABLES = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, email VARCHAR(80), backup VARCHAR(80), short VARCHAR(8),
  wants_mail INTEGER, note VARCHAR(200));
CREATE TABLE notes (id INTEGER PRIMARY KEY, text VARCHAR(200));
INSERT INTO customers VALUES (1, 'ann@canary.example', 'b1@canary.example', 'abcdefgh', 1, 'x'),
  (2, 'bo@canary.example', 'b2@canary.example', 'abcdefgh', 1, 'x'),
  (3, 'ann@canary.example', 'b3@canary.example', 'abcdefgh', 1, 'x'),
  (4, NULL, NULL, NULL, 1, 'x'),
  (5, '\u00e4nne\U0001d11e@canary.example', 'b5@canary.example', 'abcdefgh', 1, 'x');
"""
POLICY = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
data:
  - {columns: [customers.email], class: email, mask: handle}
  - {columns: [customers.backup, customers.short], class: email, mask: handle}
rules:
  - id: all
    when: {effect: [select, insert, update, delete, session]}
    then: allow
"""


class Case:
    def __init__(self, tap, name, direct, guarded):
        self.tap, self.name = tap, name
        self.direct = pyodbc.connect("DSN=" + direct, autocommit=True)
        self.dsn = guarded
        self.guarded = pyodbc.connect("DSN=" + guarded, autocommit=True)

    def ask(self, sql, *parameters):
        cursor = self.guarded.cursor()
        try:
            cursor.execute(sql, *parameters)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else cursor.rowcount
        except pyodbc.Error as error:
            return str(error)
        finally:
            cursor.close()

    def truth(self, sql):
        return [tuple(row) for row in self.direct.cursor().execute(sql).fetchall()]

    def is_(self, got, wanted, name):
        return self.tap.is_(got, wanted, "%s: %s" % (self.name, name))

    def refused(self, sql, *parameters, part="masked", name=None):
        before = self.truth("SELECT * FROM customers ORDER BY id") + self.truth("SELECT * FROM notes")
        got = self.ask(sql, *parameters)
        self.tap.ok(isinstance(got, str) and "(7100" in got and part in got and "canary" not in got,
                    "%s: refused: %s" % (self.name, name or sql), got)
        after = self.truth("SELECT * FROM customers ORDER BY id") + self.truth("SELECT * FROM notes")
        self.is_(after, before, "and nothing changed")


def reading(case):
    rows = case.ask("SELECT id, email, backup, short FROM customers ORDER BY id")
    handles = {row[0]: row[1] for row in rows}
    case.tap.ok(all(len(handles[i]) == 20 and handles[i].startswith("hdl_") for i in (1, 2, 3, 5)),
                case.name + ": every value is shown as a handle", rows)
    case.is_(handles[4], None, "NULL stays NULL")
    case.is_(handles[1], handles[3], "the same value has the same handle in a session")
    case.tap.ok(handles[1] != handles[2], case.name + ": another value has another")
    case.is_([row[3] for row in rows], [None] * 5, "a column too short for a handle shows NULL")
    return handles, {row[0]: row[2] for row in rows}


def acting(case, handles):
    rows = case.ask("SELECT id, email FROM customers WHERE email = ? ORDER BY id", handles[1])
    case.is_(rows, [(1, handles[1]), (3, handles[1])], "a handle finds the rows of its value")
    case.is_(case.ask("SELECT id FROM customers WHERE id > ? AND ? = email", 1, handles[1]), [(3,)],
             "beside other parameters, and turned round")
    case.is_(case.ask("UPDATE customers SET wants_mail = ? WHERE email = ?", 0, handles[1]), 2,
             "an update by a handle")
    case.is_(case.truth("SELECT id FROM customers WHERE wants_mail = 0 ORDER BY id"), [(1,), (3,)],
             "changed the rows of that value and no others")
    case.is_(case.ask("UPDATE customers SET wants_mail = 7 WHERE email = ?", handles[5]), 1,
             "a value beyond the BMP comes back whole")
    case.is_(case.ask("DELETE FROM customers WHERE email = ?", handles[2]), 1, "a delete by a handle")
    case.is_(case.ask("UPDATE customers SET email = ? WHERE id = ?", handles[5], 4), 1,
             "a handle is written into its own column")
    case.is_(case.ask("INSERT INTO customers (id, email, note) VALUES (?, ?, ?)", 6, handles[1], "n"), 1,
             "and inserted there")
    case.is_(case.truth("SELECT id, email FROM customers WHERE id IN (4, 6) ORDER BY id"),
             [(4, "\u00e4nne\U0001d11e@canary.example"), (6, "ann@canary.example")],
             "what is stored is the value itself")
    cursor = case.guarded.cursor()
    seen = []
    for handle in (handles[1], handles[5], handles[1]):
        seen.append([row[0] for row in cursor.execute("SELECT id FROM customers WHERE email = ? ORDER BY id",
                                                      handle).fetchall()])
    case.is_(seen, [[1, 3, 6], [4, 5], [1, 3, 6]], "one prepared statement, a handle after the other")
    cursor.close()


def escaping(case, handles, backups):
    one = handles[1]
    case.refused("SELECT id FROM customers WHERE email = ?", "ann@canary.example", part="handle",
                 name="a guessed value")
    case.refused("SELECT id FROM customers WHERE email = 'ann@canary.exam'", part="email",
                 name="a guess in the text")
    case.refused("SELECT id FROM customers WHERE email = '%s'" % one, part="email", name="a handle in the text")
    case.refused("SELECT id FROM customers WHERE email = ?", backups[1], part="handle",
                 name="a handle of another column")
    case.refused("SELECT id FROM customers WHERE email = ?", "hdl_" + "0" * 16, part="handle",
                 name="a handle that nobody was given")
    case.refused("SELECT id FROM customers WHERE email = ? OR email = ?", one, one, part="email",
                 name="two comparisons")
    case.refused("SELECT id FROM customers WHERE email LIKE ?", one, part="email", name="LIKE")
    case.refused("SELECT id FROM customers WHERE email > ?", one, part="email", name="an order")
    case.refused("SELECT id FROM customers WHERE email <> ?", one, part="email", name="unequal")
    for sql, name in (("INSERT INTO notes VALUES (7, ?)", "a handle stored elsewhere"),
                      ("UPDATE customers SET note = ? WHERE id = 1", "in another column of the table"),
                      ("UPDATE customers SET note = upper(?) WHERE id = 1", "through a function"),
                      ("UPDATE customers SET email = lower(?) WHERE id = 1", "through a function into its own"),
                      ("INSERT INTO customers (email, note, id) VALUES ('x', upper(?), 9)",
                       "in a function beside its column"),
                      ("UPDATE customers SET backup = ? WHERE id = 1", "in another masked column"),
                      ("SELECT id, ? FROM customers", "as a result"),
                      ("SELECT id FROM customers WHERE note = ?", "compared with a clear column")):
        case.refused(sql, one, part="arameter", name=name) if "PostgreSQL" not in case.name or "?" in sql else None
    if case.name == "PostgreSQL":
        case.refused("PREPARE p AS SELECT id FROM customers WHERE email = $1", part="", name="PREPARE")
        case.refused("DECLARE c CURSOR WITH HOLD FOR SELECT id FROM customers WHERE email = 'ann@canary.example'",
                     part="email", name="a cursor")
    other = pyodbc.connect("DSN=" + case.dsn, autocommit=True)
    shown = [row[0] for row in other.execute("SELECT email FROM customers WHERE id = 1")]
    case.tap.ok(shown != [one], case.name + ": another session has another handle", shown)
    try:
        got = other.execute("SELECT id FROM customers WHERE email = ?", one).fetchall()
    except pyodbc.Error as error:
        got = str(error)
    case.tap.ok(isinstance(got, str) and "handle" in got, case.name + ": a handle means nothing in another session",
                got)
    other.close()
    case.is_(case.ask("SELECT note FROM customers WHERE note = ?", "hdl_" + "z" * 16), [],
             "a text that only looks like a handle goes down as it is")


def arrays(case, handles):
    cursor = case.guarded.cursor()
    cursor.fast_executemany = True
    try:
        cursor.executemany("UPDATE customers SET wants_mail = ? WHERE email = ?", [(5, handles[1]), (6, handles[5])])
        got = "ran"
    except pyodbc.Error as error:
        got = str(error)
    case.tap.ok("one set of parameters" in got or case.truth(
        "SELECT count(*) FROM customers WHERE wants_mail = 5") == [(3,)],
        case.name + ": an array of handles runs one by one or is refused with what to do", got)


def secrets(case, the_rig):
    text = "".join(open(os.path.join(folder, name), errors="replace").read()
                   for folder, _, names in os.walk(os.path.join(the_rig.state, "audit")) for name in names)
    case.tap.ok("canary" not in text, case.name + ": no value in the audit trail")


def engine(tap, the_rig, name, dsn):
    case = Case(tap, name, dsn, dsn + "-guarded")
    handles, backups = reading(case)
    escaping(case, handles, backups)
    acting(case, handles)
    arrays(case, handles)
    secrets(case, the_rig)


def main():
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": POLICY})
    the_rig.sqlite("handle_s", TABLES)
    the_rig.postgresql("handle_p", TABLES)
    the_rig.start()
    engine(tap, the_rig, "SQLite", "handle_s")
    engine(tap, the_rig, "PostgreSQL", "handle_p")
    tap.done()


main()
