# SPDX-License-Identifier: MIT
"""The pass-through test build, and the product under a policy that only observes ("observe" as argument),
change nothing: the same calls on a real data source and on its guarded
twin (NAME-guarded) give the same values, descriptions, errors and texts, seen by pyodbc, pandas, isql,
iusql and by plain calls through the driver manager (odbc_raw.py). Prints TAP.
What differs by design is left out: SQLBrowseConnect and prompting are closed, keys that are not handed
down, the name of the data source, and SQLDriverConnect's own string."""
import datetime
import decimal
import os
import shutil
import subprocess
import sys
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "live"))
import rig  # noqa: E402 (its folder is known now)

try:
    import pyodbc
except ImportError:
    pyodbc = None
try:
    import warnings
    warnings.simplefilter("ignore")
    import pandas
except ImportError:
    pandas = None

ODD = "Zoë Ærø 漢字 \U0001f600"
MOMENT = datetime.datetime(2024, 2, 29, 23, 59, 58, 123000)
TABLES = {
    "sqlite": """
CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, born DATE, seen TIMESTAMP,
  balance NUMERIC(10,2), score DOUBLE, photo BLOB, note TEXT, big BIGINT, flag BIT);
CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES people(id), name VARCHAR(20) UNIQUE);
CREATE INDEX pets_owner ON pets (owner);
CREATE VIEW named AS SELECT id, name FROM people;
""",
    "postgresql": """
CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, born DATE, seen TIMESTAMP,
  balance NUMERIC(10,2), score DOUBLE PRECISION, photo BYTEA, note TEXT, big BIGINT, flag BOOLEAN);
CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES people(id), name VARCHAR(20) UNIQUE);
CREATE INDEX pets_owner ON pets (owner);
CREATE VIEW named AS SELECT id, name FROM people;
CREATE TYPE colour AS ENUM ('red', 'blue');
CREATE TABLE kinds (u UUID, j JSONB, a INTEGER[], c colour, i INTERVAL, t TIME, z TIMESTAMPTZ, s SMALLINT,
  r REAL, x "char", n NUMERIC, ip INET);
INSERT INTO kinds VALUES ('12345678-1234-1234-1234-123456789abc', '{"a": 1}', '{1,2,3}', 'red', '1 day',
  '12:34:56', '2024-01-02 03:04:05+00', 7, 1.5, 'x', 12345678901234567890.123456789, '10.0.0.1');
CREATE FUNCTION twice(n INTEGER) RETURNS INTEGER LANGUAGE sql AS 'SELECT 2 * n';
CREATE FUNCTION told() RETURNS INTEGER LANGUAGE plpgsql AS
  $$ BEGIN RAISE NOTICE 'a notice'; RAISE WARNING 'a warning'; RETURN 1; END $$;
""",
}
PEOPLE = """
INSERT INTO people VALUES (1,'Ann','1980-05-17','2024-01-02 03:04:05',12.50,1.5,NULL,'first',9007199254740993,NULL);
INSERT INTO people VALUES (2,'Bo',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO people VALUES (3,'Zoë 漢字','2000-02-29','1999-12-31 23:59:59',-0.01,-1e300,NULL,'',-1,NULL);
INSERT INTO pets VALUES (1,1,'Rex'),(2,1,'Kit'),(3,3,'Ülo');
"""


# ---- what is done with pyodbc; each gets a connection and gives back something comparable ----

def fetched(cursor):
    return [c[:7] for c in cursor.description or ()], [tuple(r) for r in cursor.fetchall()]


def values(c):
    return [fetched(c.execute(sql)) for sql in (
        "SELECT * FROM people ORDER BY id", "SELECT * FROM pets ORDER BY id", "SELECT * FROM named ORDER BY id",
        "SELECT count(*), sum(balance), max(name) FROM people", "SELECT 1 WHERE 1 = 0",
        "SELECT NULL, '', 'x', 1, 1.5, -7", "SELECT id AS \"odd näme\" FROM people ORDER BY 1")]


def other_kinds(c):
    if "PostgreSQL" not in c.getinfo(pyodbc.SQL_DBMS_NAME):
        return "none"
    return fetched(c.execute("SELECT * FROM kinds")), fetched(c.execute("SELECT twice(21)")), fetched(
        c.execute("{call twice(4)}")), c.execute("SELECT told()").messages


def parameters(c):
    cursor, seen = c.cursor(), []
    for value in (None, True, 0, 1, -1, 2**31, 2**62, 1.5, "", "a", ODD, "x" * 5000, b"", b"\0\1\xff", MOMENT,
                  MOMENT.date(), datetime.time(1, 2, 3), decimal.Decimal("12345.6789"), decimal.Decimal("-0.01"),
                  uuid.UUID(int=5), bytearray(b"abc"), "'; --"):
        try:
            seen.append(fetched(cursor.execute("SELECT ?", value)))
        except pyodbc.Error as e:
            seen.append((type(e).__name__, e.args))
            c.rollback()
    return seen


def writes(c):
    cursor, seen = c.cursor(), []
    row = (10, ODD, MOMENT.date(), MOMENT, decimal.Decimal("1.25"), 0.1, b"\0\1\2\xfe" * 3000, "long " * 4000, 2**60,
           None)
    seen.append(cursor.execute("INSERT INTO people VALUES (?,?,?,?,?,?,?,?,?,?)", row).rowcount)
    seen.append(fetched(cursor.execute("SELECT * FROM people WHERE id = ?", 10)))
    seen.append(cursor.execute("UPDATE people SET note = ? WHERE id >= ?", "n", 2).rowcount)
    c.rollback()
    seen.append(fetched(cursor.execute("SELECT count(*) FROM people")))
    seen.append(cursor.execute("DELETE FROM pets WHERE id = 3").rowcount)
    c.rollback()
    seen.append(cursor.execute("DELETE FROM pets WHERE id = 77").rowcount)
    seen.append(fetched(cursor.execute("SELECT note FROM people ORDER BY id")))
    return seen


def transactions(c):
    cursor, seen = c.cursor(), []
    for autocommit in (False, True, False):
        c.autocommit = autocommit
        cursor.execute("INSERT INTO pets VALUES (50, 2, 'Tmp')")
        c.rollback()
        seen.append(fetched(cursor.execute("SELECT count(*) FROM pets")))
        cursor.execute("DELETE FROM pets WHERE id = 50")
        c.commit()
    seen.append(c.autocommit)
    try:
        cursor.execute("INSERT INTO pets VALUES (51, 2, 'T')")
        cursor.execute("INSERT INTO pets VALUES (51, 2, 'T')")
    except pyodbc.Error as e:
        seen.append((type(e).__name__, e.args))
    c.rollback()
    seen.append(fetched(cursor.execute("SELECT count(*) FROM pets")))
    return seen


def many(c, fast=False):
    cursor = c.cursor()
    cursor.fast_executemany = fast
    data = [(100 + i, i % 3 + 1 if i % 4 else None, "p%d ö" % i) for i in range(50)]
    cursor.executemany("INSERT INTO pets VALUES (?,?,?)", data)
    seen = [cursor.rowcount, fetched(cursor.execute("SELECT * FROM pets ORDER BY id"))]
    c.rollback()
    try:
        cursor.executemany("INSERT INTO pets VALUES (?,?,?)", [(200, 1, "a"), (200, 1, "b")])
    except pyodbc.Error as e:
        seen.append((type(e).__name__, e.args))
    c.rollback()
    return seen


def fast_many(c):
    return many(c, True)


def sizes(c):
    cursor = c.cursor()
    cursor.setinputsizes([(pyodbc.SQL_INTEGER, 0, 0), (pyodbc.SQL_WVARCHAR, 30, 0), (pyodbc.SQL_DECIMAL, 10, 2)])
    cursor.execute("INSERT INTO people (id, name, balance) VALUES (?,?,?)", 20, "sized", decimal.Decimal("3.14"))
    seen = fetched(cursor.execute("SELECT id, name, balance FROM people WHERE id = 20"))
    c.rollback()
    return seen


def converters(c):
    c.add_output_converter(pyodbc.SQL_VARCHAR, lambda b: ("varchar", b))
    c.add_output_converter(pyodbc.SQL_WVARCHAR, lambda b: ("wvarchar", b))
    c.add_output_converter(pyodbc.SQL_INTEGER, lambda b: ("integer", b))
    seen = fetched(c.execute("SELECT id, name FROM people ORDER BY id"))
    c.clear_output_converters()
    c.setdecoding(pyodbc.SQL_CHAR, encoding="utf-8")
    c.setdecoding(pyodbc.SQL_WCHAR, encoding="utf-16le")
    c.setencoding(encoding="utf-8")
    return seen, fetched(c.execute("SELECT name FROM people WHERE name = ?", "Zoë 漢字"))


def lists(c):
    cursor, seen = c.cursor(), []
    for name, arguments in (
            ("tables", {}), ("tables", {"table": "pe%"}), ("tables", {"tableType": "VIEW"}),
            ("tables", {"catalog": "%"}), ("columns", {"table": "people"}),
            ("columns", {"table": "p%", "column": "n%"}), ("columns", {"table": "none"}),
            ("primaryKeys", {"table": "pets"}), ("foreignKeys", {"table": "people"}),
            ("foreignKeys", {"foreignTable": "pets"}), ("statistics", {"table": "pets"}),
            ("statistics", {"table": "pets", "unique": True}), ("rowIdColumns", {"table": "people"}),
            ("rowVerColumns", {"table": "people"}), ("procedures", {}), ("procedureColumns", {}),
            ("getTypeInfo", {}), ("getTypeInfo", {"sqlType": pyodbc.SQL_VARCHAR})):
        positional = [arguments.pop(k) for k in ("sqlType",) if k in arguments]
        if name in ("primaryKeys", "statistics", "rowIdColumns", "rowVerColumns"):
            positional = [arguments.pop("table")]
        try:
            seen.append((name, fetched(getattr(cursor, name)(*positional, **arguments))))
        except (pyodbc.Error, TypeError) as e:
            seen.append((name, type(e).__name__, e.args))
            c.rollback()
    return seen


def information(c):
    seen = []
    for name in sorted(n for n in dir(pyodbc) if n.startswith("SQL_") and isinstance(getattr(pyodbc, n), int)):
        if name == "SQL_DATA_SOURCE_NAME":
            continue
        try:
            seen.append((name, c.getinfo(getattr(pyodbc, name))))
        except (pyodbc.Error, ValueError) as e:
            seen.append((name, type(e).__name__, str(e.args)))
    return seen


def errors(c):
    seen = []
    for sql, arguments in (
            ("SELEC 1", ()), ("SELECT * FROM none", ()), ("SELECT none FROM people", ()), ("", ()),
            ("SELECT 'open", ()), ("INSERT INTO pets VALUES (1, 1, 'again')", ()),
            ("INSERT INTO people (id) VALUES (77)", ()), ("SELECT ?", ()), ("SELECT ?", (1, 2)), ("SELECT 1 / 0", ()),
            ("SELECT * FROM pets WHERE id = ?", ("no number",)), ("SELECT 1;; SELECT 2", ()), ("-- nothing", ()),
            ("INSERT INTO pets VALUES (9, 999, 'orphan')", ()), ("SELECT ({fn none(1)})", ()), ("{call none()}", ()),
            ("UPDATE pets SET name = ? WHERE id = 1", ("x" * 100,))):
        try:
            cursor = c.execute(sql, *arguments)
            seen.append((sql, cursor.rowcount, cursor.description and fetched(cursor)))
        except pyodbc.Error as e:
            seen.append((sql, type(e).__name__, e.args))
        c.rollback()
    return seen


def cursors(c):
    first, second = c.cursor(), c.cursor()
    first.execute("SELECT id FROM people ORDER BY id")
    seen = [first.fetchone()[0]]
    second.execute("SELECT name FROM pets ORDER BY id")
    seen += [second.fetchmany(2), first.fetchone()[0], second.fetchone(), second.fetchone(), first.fetchval()]
    first.execute("SELECT 1 UNION SELECT 2 ORDER BY 1")
    seen += [first.skip(1), first.fetchone(), first.nextset(), first.rowcount]
    for act in (first.fetchone, lambda: c.execute("SELECT 1").cancel(), second.close, second.fetchone):
        try:
            seen.append(act())
        except pyodbc.Error as e:
            seen.append((type(e).__name__, e.args))
    seen.append([tuple(r) for r in c.execute("SELECT 5 AS five")])
    if "PostgreSQL" in c.getinfo(pyodbc.SQL_DBMS_NAME):
        first.execute("SELECT 1; SELECT 'two'")
        seen += [first.fetchall(), first.nextset(), first.fetchall(), first.nextset()]
    return [repr(s) for s in seen]


def attributes(c):
    seen = [c.timeout, c.searchescape, c.execute("SELECT 1").fetchval()]
    try:
        c.timeout = 5
        seen += [c.timeout, c.execute("SELECT 1").fetchval()]
    except pyodbc.Error as e:
        seen.append((type(e).__name__, e.args))
    for number, value in ((pyodbc.SQL_ATTR_TXN_ISOLATION, pyodbc.SQL_TXN_SERIALIZABLE), (pyodbc.SQL_ATTR_ACCESS_MODE, 1),
                          (pyodbc.SQL_ATTR_TXN_ISOLATION, 4242), (99999, 1)):
        try:
            c.set_attr(number, value)
            seen.append("set")
        except pyodbc.Error as e:
            seen.append((type(e).__name__, e.args))
    return seen


SCRIPTS = (values, other_kinds, parameters, writes, transactions, many, fast_many, sizes, converters, lists,
           information, errors, cursors, attributes)
QUERIES = ("SELECT * FROM people ORDER BY id", "SELECT p.name, count(*) AS n FROM people p JOIN pets q ON "
           "q.owner = p.id GROUP BY p.name ORDER BY 1", "SELECT * FROM people WHERE 1 = 0")
SHELL = """SELECT * FROM people ORDER BY id
SELECT name, balance FROM people WHERE balance IS NULL
SELECT * FROM none
help
help people
help pets
help none
SELEC 1
INSERT INTO pets VALUES (60, 2, 'Isa')
UPDATE pets SET name = 'Isb' WHERE id = 60
DELETE FROM pets WHERE id >= 60
INSERT INTO pets VALUES (1, 1, 'again')
SELECT 'Zoë 漢字', NULL, '', 1.50
SELECT count(*) FROM pets
quit
"""
RAW_SELECT = "SELECT id, name, balance, born, seen, score, note, big FROM people ORDER BY id"


# ---- running both sides and comparing ----

def differences(one, two):
    """The first places where two long texts differ."""
    for at, (a, b) in enumerate(zip(one, two)):
        if a != b:
            return "at %d:\ndirect:  %s\nguarded: %s" % (at, one[max(0, at - 150):at + 250],
                                                        two[max(0, at - 150):at + 250])
    return "lengths %d and %d\n%s" % (len(one), len(two), (one + two)[min(len(one), len(two)):][:300])


def line_differences(one, two):
    found = ["direct:  %s\nguarded: %s" % (a[:400], b[:400])
             for a, b in zip(one.splitlines(), two.splitlines()) if a != b]
    return "%d lines differ; %d and %d lines\n%s" % (
        len(found), len(one.splitlines()), len(two.splitlines()), "\n".join(found[:8]))


def without_closed(tap, one, two):
    """Calls that this version closes for every statement (docs/decisions/0014): named, not compared."""
    pairs = list(zip(one.splitlines(), two.splitlines()))
    closed = [b for _, b in pairs if "is closed in this version" in b]
    for line in closed:
        tap.note("closed: " + line[:120])
    if not OBSERVING or not closed or len(one.splitlines()) != len(two.splitlines()):
        return one, two
    kept = [(a, b) for a, b in pairs if b not in closed]
    return "\n".join(a for a, _ in kept), "\n".join(b for _, b in kept)


def skip(tap, name, why):
    tap.n += 1
    print("ok %d - %s # SKIP %s" % (tap.n, name, why), flush=True)


def run_script(name, dsn):
    """In a process of its own: a real driver may crash in what it is asked."""
    try:
        connection = pyodbc.connect("DSN=" + dsn, timeout=5)
        print(repr(globals()[name](connection)))
        connection.close()
    except pyodbc.Error as e:
        print(repr(("failed", type(e).__name__, e.args)))


def scripted(script, dsn, real):
    done = subprocess.run([sys.executable, os.path.abspath(__file__), script.__name__, dsn], capture_output=True,
                          timeout=60)
    shown = done.stdout.decode("utf-8", "replace").replace(dsn, real)
    if done.returncode:
        return "('failed', 'ended with %d')\n%s" % (done.returncode, done.stderr.decode()[-800:])
    return shown


def test_pyodbc(tap, dsn, kind):
    for script in SCRIPTS:
        name = "%s through pyodbc: %s" % (kind, script.__name__)
        if not pyodbc:
            skip(tap, name, "pyodbc is not installed")
            continue
        direct, guarded = (scripted(script, d, dsn) for d in (dsn, dsn + "-guarded"))
        if direct.startswith("('failed', 'ended with -11"):
            tap.note("%s: the real driver crashes in this" % name)
        else:
            tap.ok(not direct.startswith("('failed'"), name + ": works directly", direct)
        tap.ok(direct == guarded, name + ": the same", differences(direct, guarded))


def test_pandas(tap, dsn, kind):
    for number, sql in enumerate(QUERIES, 1):
        name = "%s through pandas.read_sql: query %d is the same" % (kind, number)
        if not pyodbc or not pandas:
            skip(tap, name, "pandas or pyodbc is not installed")
            continue
        seen = []
        for d in (dsn, dsn + "-guarded"):
            connection = pyodbc.connect("DSN=" + d)
            frame = pandas.read_sql(sql, connection)
            parts = [len(part) for part in pandas.read_sql(sql, connection, chunksize=2)]
            seen.append((frame, [str(t) for t in frame.dtypes], parts))
            connection.close()
        tap.ok(seen[0][0].equals(seen[1][0]) and seen[0][1:] == seen[1][1:], name, seen)


def test_shells(tap, dsn, kind):
    for program in ("isql", "iusql"):
        for options in (["-v", "-b"], ["-v", "-b", "-c", "-d|"], ["-v", "-b", "-x0x09"], ["-v", "-b", "-w"], ["-v"]):
            name = "%s through %s %s: the same" % (kind, program, " ".join(options))
            if not shutil.which(program):
                skip(tap, name, program + " is not installed")
                continue
            seen = []
            for d in (dsn, dsn + "-guarded"):
                # as iusql reads its options: data source last
                done = subprocess.run([program] + options + [d], input=SHELL.encode(), capture_output=True,
                                      timeout=60)
                seen.append("\n".join((done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"),
                                       str(done.returncode))).replace(dsn + "-guarded", dsn))
            tap.ok("Ann" in seen[0] or program == "iusql", name + " (and it shows rows)", seen[0][:600])
            tap.ok(seen[0] == seen[1], name, line_differences(*seen))


def add_twin(r, dsn):
    """The guarded data source under a name as long as the direct one's: drivers tell the name, and its length."""
    twin = dsn[:-1] + "0"
    r.sections[twin] = r.sections[dsn + "-guarded"]
    r.write_odbc()


def test_raw(tap, dsn, kind):
    twin = dsn[:-1] + "0"
    probes = [("information", RAW_SELECT), ("columns", "SELECT * FROM people"), ("descriptors", RAW_SELECT),
              ("data", "SELECT id, name, balance, seen FROM people ORDER BY id"), ("rowsets", RAW_SELECT),
              ("parameters", "SELECT name FROM people WHERE name = ?"), ("diagnostics", "SELECT * FROM none"),
              ("lists", "people"), ("disconnects", RAW_SELECT), ("before_connect", "")]
    for probe, argument in probes:
        for version in ("3", "2"):
            name = "%s, ODBC %s application, plain calls: %s are the same" % (kind, version, probe)
            seen = []
            for d in (dsn, twin):
                done = subprocess.run([sys.executable, os.path.join(HERE, "odbc_raw.py"), d, probe, version, argument],
                                      capture_output=True, timeout=60)
                seen.append("%s\nended with %d %s" % (done.stdout.decode().replace(twin, dsn),
                                                      done.returncode, done.stderr.decode()[-500:]))
            one, two = without_closed(tap, *seen)
            tap.ok(one == two, name, line_differences(one, two))


def test_failed_connects(tap, r):
    """Real drivers' own reasons, word for word."""
    port = {"Servername": "127.0.0.1", "Port": "1", "Database": "none", "Username": "og"}
    r.add_dsn("nofile", {"Driver": "SQLite3", "Database": r.path("none", "none.db")}, "ODBCGuard ODBC2")
    r.add_dsn("noserver", {"Driver": "PostgreSQL Unicode", **port}, "ODBCGuard")
    for dsn in ("nofile", "noserver"):
        seen = []
        for d in (dsn, dsn + "-guarded"):
            done = subprocess.run(["isql", "-v", "-b", d], input=b"SELECT 1\n", capture_output=True, timeout=60)
            seen.append((done.returncode, done.stdout.replace(b"-guarded", b""), done.stderr.replace(b"-guarded", b"")))
        tap.is_(seen[1], seen[0], "a failed connect through isql: the same (%s)" % dsn)
        if not pyodbc:
            skip(tap, "a failed connect through pyodbc: " + dsn, "pyodbc is not installed")
            continue
        seen = [scripted(values, d, dsn) for d in (dsn, dsn + "-guarded")]
        tap.is_(seen[1], seen[0], "a failed connect through pyodbc: the same (%s)" % dsn)


def test_without_dsn(tap, r, database):
    """The real driver's keys in the connection string."""
    if not pyodbc:
        return skip(tap, "no data source through pyodbc", "pyodbc is not installed")
    seen = []
    odd = database.replace("mirror", "mirror (1),@*=!{x}")
    shutil.copy(database, odd)
    for text in ("Driver=SQLite3;", "Driver=ODBCGuard ODBC2;GuardTargetDriver=SQLite3;GuardSocket=%s;" % r.socket):
        connection = pyodbc.connect(text + "Database=%s;Timeout=2000;" % odd)
        seen.append((values(connection), lists(connection)))
        connection.close()
    return tap.ok(seen[0] == seen[1], "no data source, all in the connection string, through pyodbc: the same")


def test_bare_name(tap, r, database):
    """Debian registers its drivers by a bare file name."""
    r.write_odbc()
    with open(r.path("odbcinst.ini"), "a") as file:
        file.write("[Bare]\nDriver=libsqlite3odbc.so\n")
    with open(r.path("odbc.ini"), "a") as file:
        file.write("[bare]\nDriver=Bare\nDatabase=%s\n[bare-guarded]\nDriver=ODBCGuard ODBC2\n"
                   "GuardTargetDSN=bare\nGuardSocket=%s\n" % (database, r.socket))
    seen = [scripted(values, d, "bare") for d in ("bare", "bare-guarded")]
    tap.ok("Ann" in seen[0], "a driver registered by its file's name works directly", seen[0])
    return tap.ok(seen[0] == seen[1], "and guarded", differences(*seen))


def test_smuggled_keys(tap, r):
    """SQLite's driver takes a semicolon in braces for the end of a value: no key may hide behind it."""
    if not pyodbc:
        return skip(tap, "keys behind a semicolon through pyodbc", "pyodbc is not installed")
    trace = r.path("trace.log")
    hidden = ";Timeout={1;Tracefile=%s;}" % trace
    pyodbc.connect("DSN=mirror" + hidden).close()
    tap.ok(os.path.exists(trace), "a key behind a semicolon in braces reaches the real driver directly")
    if os.path.exists(trace):
        os.unlink(trace)
    said = ""
    try:
        pyodbc.connect("DSN=mirror-guarded" + hidden).close()
    except pyodbc.Error as e:
        said = str(e)
    tap.like(said, "holds a semicolon", "and is refused by the guarded data source")
    return tap.ok(not os.path.exists(trace), "and the real driver did not see it")


def main():
    if OBSERVING:
        r, tap = rig.Rig({"all.yaml": rig.ALLOW_ALL_POLICY}), rig.Tap()
    else:
        rig.need_fuse = lambda: None  # no guardfs takes part
        r, tap = rig.Rig({}), rig.Tap()
    kinds = ["sqlite"]
    database = r.sqlite("mirror", TABLES["sqlite"] + PEOPLE)
    if os.geteuid() != 0 or not os.path.exists(rig.PG_BIN + "/postgres"):
        skip(tap, "PostgreSQL", "needs root and PostgreSQL 15")
    else:
        r.postgresql("mirrorpg", TABLES["postgresql"] + PEOPLE)
        kinds.append("postgresql")
    os.environ["LC_ALL"] = "C.UTF-8"
    if OBSERVING:
        r.start()
    for kind in kinds:
        dsn, shown = ("mirror", "SQLite") if kind == "sqlite" else ("mirrorpg", "PostgreSQL")
        shown += " (observing)" if OBSERVING else ""
        add_twin(r, dsn)
        for test in (test_pyodbc, test_pandas, test_shells, test_raw):
            test(tap, dsn, shown)
    test_failed_connects(tap, r)
    test_without_dsn(tap, r, database)
    test_smuggled_keys(tap, r)
    test_bare_name(tap, r, database)
    if OBSERVING:
        result = r.guardctl("verify", os.path.join(r.state, "audit"))
        tap.is_(result.returncode, 0, "the ledger of all that verifies")
    tap.done()


OBSERVING = sys.argv[1:] == ["observe"]
if len(sys.argv) == 3:
    run_script(*sys.argv[1:])
else:
    main()
