#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whole sessions against PostgreSQL, each on one guarded connection: names that move (search path,
temporary tables, the open transaction's own definitions), names of statements and cursors, and
definitions that would launder. pg_session.txt holds them: "A| " must be answered, "R| " must be refused
by the guard, and no protected value may come out of any. The same sessions sent directly must show
protected values, or the test would see nothing."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

HERE = os.path.dirname(os.path.abspath(__file__))
SSN = ["578-05-%04d" % n for n in (9371, 8264, 7153)]
MAIL = [w + "@shop.example" for w in ("annika.lund", "bosse.berg", "cayetana.mar")]
FORBIDDEN = [ssn[:7] for ssn in SSN] + [mail.split("@")[0] for mail in MAIL]

POLICY = """
policy: sessions
applies-to: {principals: ["*"], targets: ["*"]}
mode: enforce
data-mode: enforce
data:
  - {columns: [customers.ssn], mask: partial, class: us-ssn}
  - {columns: [customers.email], mask: partial, class: email}
rules:
  - id: all
    when: {effect: [select, insert, update, delete, merge, explain, set, create, alter, drop, lock,
                    call, listen, session]}
    then: allow
"""

TABLES = """
CREATE TYPE order_status AS ENUM ('new', 'paid');
CREATE TYPE address AS (street text, city text);
CREATE TABLE customers (id integer PRIMARY KEY, name text, email text, ssn text);
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer REFERENCES customers ON DELETE CASCADE,
  status order_status, total numeric(10,2));
CREATE TABLE notes (id integer PRIMARY KEY, body text);
CREATE VIEW sales AS SELECT c.id, c.name, c.email, sum(o.total) AS total FROM customers c
  LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id;
CREATE SCHEMA evil;
CREATE TABLE evil.customers (id integer, name text);
CREATE FUNCTION my_udf(integer) RETURNS text LANGUAGE sql AS 'SELECT ssn FROM customers WHERE id = $1';
CREATE FUNCTION peek(integer, integer) RETURNS text LANGUAGE sql
  AS 'SELECT ssn FROM public.customers WHERE id = $1';
CREATE OPERATOR ### (leftarg = integer, rightarg = integer, function = peek);
CREATE ROLE dba;
""" + "".join("INSERT INTO customers VALUES (%d, 'n%d', '%s', '%s');" % (i + 1, i, MAIL[i], SSN[i])
              for i in range(3)) + """
INSERT INTO orders VALUES (1, 1, 'new', 5), (2, 2, 'paid', 7);
INSERT INTO notes VALUES (1, 'one');
"""


def sessions():
    """Lists of (wanted, statement), one list for each connection."""
    out, session = [], []
    with open(os.path.join(HERE, "pg_session.txt")) as file:
        for line in file:
            if line.strip() == "" and session:
                out.append(session)
                session = []
            elif line[1:3] == "| ":
                session.append((line[0], line[3:].rstrip("\n")))
    return out + ([session] if session else [])


def run(cursor, sql):
    """Returns (kind, everything that the client saw)."""
    try:
        cursor.execute(sql)
        rows = cursor.fetchall() if cursor.description else []
        return "answered", str(rows) + str(getattr(cursor, "messages", "") or "")
    except pyodbc.Error as error:
        text = str(error)
        return ("refused" if "[odbcguard]" in text else "failed"), text


def leaks(text, sql):
    return [f for f in FORBIDDEN if f in text and f not in sql]


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"sessions.yaml": POLICY})
    the_rig.postgresql("sessions", TABLES)
    the_rig.postgresql("direct", TABLES.replace("CREATE ROLE dba;", ""))
    the_rig.start()
    n = leaked = 0
    for session in sessions():
        with pyodbc.connect("DSN=sessions-guarded", autocommit=True, timeout=30) as connection:
            cursor = connection.cursor()
            for wanted, sql in session:
                kind, text = run(cursor, sql)
                found = leaks(text, sql)
                n += 1
                leaked += bool(found)
                tap.ok(not found and kind == {"A": "answered", "R": "refused"}[wanted],
                       "%s %s" % (wanted, sql[:90]), "%s %s: %s" % (found, kind, text[:400]))
    # The control: what the guard kept in.
    direct = 0
    for session in sessions():
        with pyodbc.connect("DSN=direct", autocommit=True, timeout=30) as connection:
            cursor = connection.cursor()
            direct += sum(bool(leaks(run(cursor, sql)[1], sql)) for _, sql in session)
    tap.ok(direct >= 20, "the same sessions sent directly show protected values", direct)
    tap.note("PostgreSQL sessions: %d statements, %d leaked, %d leak when sent directly"
             % (n, leaked, direct))
    tap.done()


main()
