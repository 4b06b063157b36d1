#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The corpus of bypasses (statements.txt) and of honest statements (honest.txt), each through a guarded
data source on both engines, beside the same statement sent directly. Counts leaks, statements that ran
though they must not, changes that must not be, and honest statements that were refused."""
import base64
import hashlib
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

HERE = os.path.dirname(os.path.abspath(__file__))
SSN = ["578-05-%04d" % n for n in (9371, 8264, 7153, 6042)]
CARD = ["4929" + "8137" * 2 + "%04d" % n for n in (5716, 6827, 7938, 8049)]
KEY = ["sk" + "_live_" + w for w in ("QWERTZUI", "ASDFGHJK", "YXCVBNML", "PLOKIJUH")]
MAIL = [w + "@shop.example" for w in ("annika.lund", "bosse.berg", "cayetana.mar", "deepika.rao")]
NAMES = ["Ann", "Bo", "Cay", "Dee"]
BALANCE = ["1234.50", "777.25", "98765.00", "5.75"]

POLICY = """
policy: corpus
applies-to: {principals: ["*"], targets: ["*"]}
mode: enforce
data-mode: enforce
data:
  - columns: [customers.ssn]
    class: us-ssn
    mask: partial
  - columns: [customers.card]
    class: payment-card
    mask: partial
  - columns: [customers.email]
    class: email
    mask: partial
  - columns: [customers.api_key]
    mask: sql-null
  - columns: [customers.balance]
    mask: round
rules:
  - id: no-delete
    when: {effect: delete, tables: [customers]}
    then: deny
  - id: dml
    when: {effect: [select, insert, update, delete, merge, explain]}
    then: allow
"""

TABLES = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT, ssn TEXT, card TEXT,
  balance NUMERIC(12,2) %s, api_key TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, placed DATE, total NUMERIC(10,2));
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);
CREATE TABLE audit (n TEXT);
CREATE VIEW v_existing AS SELECT ssn AS x FROM customers;
"""
PG_MORE = """
CREATE TABLE customers_2026q1 () INHERITS (customers);
CREATE SEQUENCE s;
CREATE FUNCTION my_udf(integer) RETURNS text LANGUAGE sql AS 'SELECT ssn FROM customers WHERE id = $1';
CREATE FUNCTION purge() RETURNS integer LANGUAGE sql AS 'DELETE FROM notes; SELECT 1';
CREATE SCHEMA evil;
CREATE ROLE dba;
"""


def rows():
    sql = ""
    for i in range(4):
        sql += ("INSERT INTO customers VALUES (%d,'%s','%s','%s','%s',%s,'%s');\n"
                % (i + 1, NAMES[i], MAIL[i], SSN[i], CARD[i], BALANCE[i], KEY[i]))
        sql += "INSERT INTO orders VALUES (%d,%d,'2026-0%d-03',%d.50);\n" % (i + 1, i % 3 + 1, i + 1, 6 * i + 3)
        sql += "INSERT INTO notes VALUES (%d,'note %d');\n" % (i + 1, i + 1)
    return sql


# ---- what must never come out ----

def fragments():
    """Pieces of protected values that no mask shows, and common encodings of the whole values."""
    out = set()
    for value, shown in ([(v, v[-4:]) for v in SSN + CARD] + [(v, "") for v in KEY] +
                         [(v, v[v.index("@"):]) for v in MAIL]):
        out.add(value)
        hidden = value[:len(value) - len(shown)] if shown else value
        for n in range(len(hidden) - 4):
            out.add(hidden[n:n + 5])
        for raw in (value.encode(),):
            out.add(base64.b64encode(raw).decode())
            out.add(raw.hex())
            out.add(hashlib.md5(raw).hexdigest())
        out.add(value[::-1])
        out.add(value.replace("-", ""))
    out -= {"_live", "k_liv", "sk_li"}
    for balance in BALANCE:
        out.add(balance)
    return {f.lower() for f in out if f}


FORBIDDEN = fragments()


def leaks(text):
    text = str(text).lower()
    return sorted(f for f in FORBIDDEN if f in text)


# ---- masks as they must read, written down here a second time ----

def mask(kind, value):
    if kind == "-" or value is None:
        return value
    if kind == "null":
        return None
    if kind == "email":
        return value[0] + "***@" + value.split("@")[1]
    if kind in ("ssn", "card"):
        return "****" + value[-4:]
    if kind == "round":
        return int((float(value) + 500) // 1000 * 1000)
    raise ValueError(kind)


def same(kind, guarded, direct):
    if kind == "any":
        return not leaks(guarded)
    if kind == "x":
        kind = "ssn"
    wanted = mask(kind, direct)
    if kind == "round":
        return guarded is not None and float(guarded) == float(wanted)
    return guarded == wanted


# ---- engines ----

class Engine:
    def __init__(self, the_rig, letter):
        self.rig, self.letter = the_rig, letter

    def run(self, guarded, sql):
        """Returns ("rows", list of lists, labels) or ("count", n) or ("error", state, native, text)."""
        connection = pyodbc.connect("DSN=" + self.dsn + ("-guarded" if guarded else ""),
                                    autocommit=True, timeout=20)
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            if cursor.description:
                return ("rows", [list(r) for r in cursor.fetchall()])
            return ("count", cursor.rowcount)
        except pyodbc.Error as error:
            text = str(error.args[1]) if len(error.args) > 1 else str(error)
            native = re.findall(r"\((\d+)\)", text)
            return ("error", error.args[0], [int(n) for n in native], text)
        except UnicodeDecodeError as error:
            return ("error", "decode", [], str(error))
        finally:
            try:
                connection.close()
            except pyodbc.Error:
                pass


class SQLite(Engine):
    name, dsn = "SQLite", "corpus_s"

    def __init__(self, the_rig):
        super().__init__(the_rig, "s")
        self.database = the_rig.sqlite(self.dsn, TABLES % "" + rows())
        shutil.copy(self.database, self.database + ".good")

    def state(self):
        import sqlite3
        with sqlite3.connect(self.database) as db:
            text = "\n".join(db.iterdump())
        return hashlib.sha256(text.encode()).hexdigest()

    def restore(self):
        for suffix in ("-journal", "-wal", "-shm"):
            if os.path.exists(self.database + suffix):
                os.unlink(self.database + suffix)
        shutil.copy(self.database + ".good", self.database)


class PostgreSQL(Engine):
    name, dsn = "PostgreSQL", "corpus_p"

    def __init__(self, the_rig):
        super().__init__(the_rig, "p")
        the_rig.postgresql(self.dsn, TABLES % "CHECK (balance > 0)" + PG_MORE + rows())

    def state(self):
        dump = self.rig.psql(self.dsn, """
            SELECT md5(string_agg(t, '|' ORDER BY t)) FROM (
              SELECT 'c' || x::text FROM customers x UNION ALL SELECT 'o' || x::text FROM orders x
              UNION ALL SELECT 'n' || x::text FROM notes x UNION ALL SELECT 'a' || x::text FROM audit x
              UNION ALL SELECT 's' || last_value::text FROM s
              UNION ALL SELECT 'r' || n.nspname || '.' || relname || attname FROM pg_class c
                JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
                WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema') q(t)""")
        return dump.strip()

    def restore(self):
        self.rig.psql(self.dsn, "TRUNCATE customers, orders, notes, audit; " + rows())


def lines(name):
    with open(os.path.join(HERE, name)) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                yield [part.strip() for part in line.rstrip("\n").split(" | ", 3)]


def is_ours(result):
    return result[0] == "error" and "[odbcguard]" in result[3]


def bypasses(tap, engine):
    good = engine.state()
    n = leaked = ran = changed = 0
    for number, pg, sqlite, sql in lines("statements.txt"):
        verdict = pg if engine.letter == "p" else sqlite
        sql = (sql.replace("{SSN5}", SSN[0][:5]).replace("{SSN}", SSN[0])
               .replace("{MASKED}", "****" + SSN[0][-4:]))
        result = engine.run(True, sql)
        n += 1
        # What the attacker wrote into the statement is no leak when an error repeats it.
        found = [f for f in leaks(result[1:]) if f not in sql.lower()]
        is_changed = engine.state() != good
        problem = ""
        if found:
            leaked += 1
            problem = "leaks %s" % found[:3]
        elif verdict in "RD" and not is_ours(result):
            ran += 1
            problem = "was not stopped by the guard: %s" % (result,)
        elif verdict == "M" and result[0] != "rows":
            problem = "was refused: %s" % (result,)
        elif verdict == "E" and result[0] != "error":
            problem = "ran: %s" % (result,)
        elif verdict in "RDE" and is_changed:
            changed += 1
            problem = "changed the database"
        tap.ok(not problem, "%s %s: %s %s" % (engine.name, number, verdict, sql[:70]), problem)
        if is_changed:
            engine.restore()
    tap.note("%s: %d bypasses, %d leaked, %d ran though they must not, %d changed something"
             % (engine.name, n, leaked, ran, changed))


def honest(tap, engine):
    n = refused = wrong = masked = 0
    for engines, spec, sql in [line[:3] if len(line) == 3 else (line[0], line[1], " | ".join(line[2:]))
                               for line in lines("honest.txt")]:
        if engine.letter not in engines:
            continue
        n += 1
        good = engine.state()
        guarded = engine.run(True, sql)
        problem = ""
        if spec == "write":
            after = engine.state()
            if guarded[0] != "count":
                problem = "was refused: %s" % (guarded,)
                refused += 1
            elif after == good:
                problem = "changed nothing"
            # the statements build on each other: nothing is restored between them
        else:
            direct = engine.run(False, sql)
            kinds = spec.split(",")
            masked += any(k not in "-" for k in kinds)
            if guarded[0] != "rows":
                refused += 1
                problem = "was refused: %s" % (guarded,)
            elif len(guarded[1]) != len(direct[1]):
                problem = "%d rows for %d" % (len(guarded[1]), len(direct[1]))
            else:
                for g, d in zip(guarded[1], direct[1]):
                    for kind, a, b in zip(kinds, g, d):
                        if not same(kind, a, b):
                            problem = "%s cell %r for %r" % (kind, a, b)
        if problem and "refused" not in problem:
            wrong += 1
        tap.ok(not problem, "%s honest: %s" % (engine.name, sql[:80]), problem)
    engine.restore()
    tap.note("%s: %d honest statements (%d with masked columns), %d refused, %d wrong"
             % (engine.name, n, masked, refused, wrong))


def main():
    rig.need_root()
    tap = rig.Tap()
    only = os.environ.get("OG_ENGINE", "sp")
    the_rig = rig.Rig({"corpus.yaml": POLICY})
    engines = []
    if "s" in only:
        engines.append(SQLite(the_rig))
    if "p" in only:
        engines.append(PostgreSQL(the_rig))
    the_rig.start()
    for engine in engines:
        honest(tap, engine)
        bypasses(tap, engine)
    tap.done()


main()
