# SPDX-License-Identifier: MIT
"""The differential test over its pairs: psqlODBC Unicode and ANSI, SQLite ODBC; under an enforcing and an
observing policy that allow everything and mask nothing, and with masks, where the direct arm reads a table
that holds what each cell must read (written here by hand, apart from the product's masks).
Prints TAP. Arguments: names of pairs (all without any), --seconds N for each (soak), --seed N."""
import argparse
import os
import random
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "live"))
sys.dont_write_bytecode = True
import rig  # noqa: E402 (its folder is known now)

EFFECTS = ("[select, insert, update, delete, merge, truncate, create, drop, alter, grant, copy, call, lock, set, "
           "listen, explain, attach, pragma, maintenance, session]")
ALLOW = """
policy: everything
applies-to: {principals: ["*"], targets: ["*"]}
mode: %s
data-mode: %s
%srules:
  - id: all
    when: {effect: %s}
    then: allow
"""
MASKS = """data:
  - columns: [t1.email]
    class: email
    mask: partial
  - columns: [t1.card]
    class: payment-card
    mask: partial
  - columns: [t1.phone]
    class: phone
    mask: partial
  - columns: [t1.secret]
    mask: sql-null
  - columns: [t1.salary]
    mask: round
  - columns: [t1.hired]
    mask: truncate-date
  - columns: [t1.motto]
    mask: fixed
"""
POLICIES = {"enforce": ALLOW % ("enforce", "enforce", "", EFFECTS),
            "observe": ALLOW % ("observe", "observe", "", EFFECTS),
            "masks": ALLOW % ("enforce", "enforce", MASKS, EFFECTS)}

COLUMNS = ("id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL, note TEXT, amount NUMERIC(10,2), score %s, "
           "born DATE, seen TIMESTAMP, photo %s, big BIGINT, flag %s, email VARCHAR(60), card VARCHAR(30), "
           "phone VARCHAR(30), secret VARCHAR(30), salary INTEGER, hired DATE, motto VARCHAR(40)")
OTHERS = ("CREATE TABLE t2 (id INTEGER NOT NULL PRIMARY KEY, owner INTEGER REFERENCES t1(id), word VARCHAR(20) "
          "UNIQUE);\nCREATE TABLE t3 (id INTEGER, body TEXT, data %s);\n"
          "CREATE VIEW v1 AS SELECT id, name FROM t1;\nCREATE INDEX t2_owner ON t2 (owner);\n")


def text(value):
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


def people():
    """Rows of t1: what is stored, and the same as the masks must show it."""
    names = ["Ann", "Bo", "Zoë 漢字", "\U0001f600 Smile", "Dee", "Eve", "Fay", "Gil", "Hal", "Ida", "Jo", "O'Neil"]
    for i, name in enumerate(names, 1):
        has = i % 5 != 3
        mail = ("%s%d@example.org" % (name[0].lower(), i)) if has else None
        card = ("4000 1234 5678 %04d" % (1000 + i)) if i % 4 else None
        phone = ("+49 30 %06d" % (123400 + i)) if i % 3 else None
        salary = 1000 * i + 77 * i if i != 7 else None
        hired = "%d-%02d-%02d" % (1990 + i, i, i + 10) if i != 8 else None
        motto = ("Motto of %s" % name) if i != 9 else None
        rest = [i, text(name), text([None, "", "short", "x" * 300, "Zoë \U0001f600 " * 40, "line\nbreak"][i % 6]),
                [12.5, "NULL", -0.01, 99999999.99][i % 4], ["1.5", "NULL", "-2.25", "1e10"][i % 4],
                text(["1980-05-17", None, "2000-02-29"][i % 3]),
                text(["2024-01-02 03:04:05", "1999-12-31 23:59:59", None][i % 3])]
        photo = ["NULL", "00ff10", ""][i % 3]
        last = [photo, [9007199254740993, -1, "NULL"][i % 3], i % 2]
        clear = [text(mail), text(card), text(phone), text("s%d" % i), salary or "NULL", text(hired), text(motto)]
        rounded = "NULL" if salary is None else int(salary / 1000 + 0.5) * 1000
        shown = [text(mail and mail[0] + "***@example.org"), text(card and "****" + card[-4:]),
                 text(phone and "***" + phone[-2:]), "NULL", rounded, text(hired and hired[:4] + "-01-01"),
                 text(motto and "***")]
        yield rest, last, clear, shown


def inserts(table, is_masked, is_postgresql):
    out = ""
    for rest, (photo, big, flag), clear, shown in people():
        blob = "NULL" if photo == "NULL" else ("'\\x%s'" if is_postgresql else "x'%s'") % photo
        more = [blob, big, ("true" if flag else "false") if is_postgresql else flag]
        out += "INSERT INTO %s VALUES (%s);\n" % (
            table, ", ".join(str(v) for v in rest + more + (shown if is_masked else clear)))
    return out


WORDS = "INSERT INTO t2 VALUES " + ", ".join("(%d, %d, 'w%d')" % (i, i % 4 + 1, i) for i in range(1, 9)) + ";\n"


def sqlite_database(is_masked):
    return ("CREATE TABLE t1 (%s);\n" % COLUMNS % ("DOUBLE", "BLOB", "BIT") + OTHERS % "BLOB" +
            inserts("t1", is_masked, False) + WORDS)


def pg_database():
    columns = COLUMNS % ("DOUBLE PRECISION", "BYTEA", "BOOLEAN")
    return ("CREATE TABLE t1 (%s);\n" % columns + OTHERS % "BYTEA" + "CREATE SCHEMA keep;\n" +
            "CREATE TABLE keep.c0 (%s); CREATE TABLE keep.c1 (%s);\n" % (columns, columns) +
            inserts("keep.c0", False, True) + inserts("keep.c1", True, True) + """
CREATE TYPE colour AS ENUM ('red', 'blue');
CREATE TABLE kinds (u UUID, j JSONB, a INTEGER[], c colour, i INTERVAL, t TIME, z TIMESTAMPTZ, s SMALLINT,
  r REAL, x "char", n NUMERIC, ip INET);
INSERT INTO kinds VALUES ('12345678-1234-1234-1234-123456789abc', '{"a": 1}', '{1,2,3}', 'red', '1 day',
  '12:34:56', '2024-01-02 03:04:05+00', 7, 1.5, 'x', 12345678901234567890.123456789, '10.0.0.1');
CREATE FUNCTION twice(n INTEGER) RETURNS INTEGER LANGUAGE sql AS 'SELECT 2 * n';
CREATE FUNCTION told() RETURNS INTEGER LANGUAGE plpgsql AS
  $$ BEGIN RAISE NOTICE 'a notice'; RAISE WARNING 'a warning'; RETURN 1; END $$;
CREATE FUNCTION keep.fill(which INTEGER) RETURNS INTEGER LANGUAGE plpgsql AS $$ BEGIN
  DROP TABLE IF EXISTS t9;
  TRUNCATE t3, t2, t1;
  IF which = 0 THEN INSERT INTO t1 SELECT * FROM keep.c0 ORDER BY id;
  ELSE INSERT INTO t1 SELECT * FROM keep.c1 ORDER BY id; END IF;
  """ + WORDS + "  RETURN 1; END $$;\n")


CHECK = {"postgresql": "SELECT coalesce((SELECT string_agg(concat_ws('|', id, name, note, amount, big), ';' ORDER BY "
                       "id) FROM t1), '') || coalesce((SELECT string_agg(t2::text, ';' ORDER BY id) FROM t2), '') || "
                       "coalesce((SELECT string_agg(t3::text, ';' ORDER BY t3::text) FROM t3), '')",
         "sqlite": "SELECT (SELECT group_concat(id || '|' || name || '|' || coalesce(note, '-'), ';') FROM t1) || "
                   "coalesce((SELECT group_concat(id || coalesce(word, '-') || coalesce(owner, '-'), ';') FROM t2), '') "
                   "|| coalesce((SELECT group_concat(coalesce(id, '-') || coalesce(body, '-') || "
                   "coalesce(hex(data), '-'), ';') FROM t3), '')"}

# name, dialect, real driver, face, more options of the program
PAIRS = (("psqlodbcw", "postgresql", "PostgreSQL Unicode", "ODBCGuard", []),
         ("psqlodbca", "postgresql", "PostgreSQL ANSI", "ODBCGuard ANSI", ["--ansi-driver"]),
         ("sqlite", "sqlite", "SQLite3", "ODBCGuard ODBC2", ["--ansi-driver"]))


def data_sources(r, pair):
    """odbc.ini for each arm: the same names, another driver behind "diff"."""
    name, dialect, driver, face, _ = pair
    if dialect == "sqlite":
        keys = "Driver=%s\nDatabase=%s\nTimeout=2000\n" % (driver, r.path("data", "diff.db"))
    else:
        keys = "Driver=%s\nServername=127.0.0.1\nPort=%s\nDatabase=diff\nUsername=og\nReadOnly=0\n" % (driver, r.port)
    target = "plain-" + name if name in HELD else "plain"
    guarded = "Driver=%s\nGuardTargetDSN=%s\nGuardSocket=%s\n" % (face, target, r.socket)
    r.write("%s-direct.ini" % name, "[diff]\n%s\n[plain]\n%s\n" % (keys, keys))
    r.write("%s-guarded.ini" % name, "[diff]\n%s\n[plain]\n%s\n" % (guarded, keys))
    return [r.path("%s-%s.ini" % (name, arm)) for arm in ("direct", "guarded")]


def hold(r, wanted):
    """Over the broker: guardfs holds what opens the pairs' databases."""
    for name, dialect, driver, face, _ in wanted:
        if dialect == "sqlite":
            keys = {"Driver": driver, "Database": r.path("data", "diff.db"), "Timeout": "2000"}
            os.chmod(r.path("data"), 0o777)
        else:
            keys = {"Driver": driver, "Servername": "127.0.0.1", "Port": str(r.port), "Database": "diff",
                    "Username": "og", "ReadOnly": "0"}
        r.add_dsn("plain-" + name, keys, face)
        r.hold("plain-" + name)
        HELD.add(name)
    os.umask(0)  # the database is the workers' account's as well


def command(r, pair, mode):
    name, dialect, _, _, more = pair
    direct, guarded = data_sources(r, pair)
    out = [os.path.join(rig.BUILD, "tests/diff/odbcdiff"), "--direct-ini", direct, "--guarded-ini", guarded,
           "--check", CHECK[dialect], "--keep", os.environ.get("OG_DIFF_KEEP", "/tmp")] + more
    is_masked = int(mode == "masks")
    if dialect == "sqlite":
        out += ["--sqlite", "--database", r.path("data", "diff.db"), "--template", r.path("t%d.db" % is_masked),
                "--template-guarded", r.path("t0.db")]
    else:
        out += ["--reset", "SELECT keep.fill(%d)" % is_masked, "--reset-guarded", "SELECT keep.fill(0)"]
    return out + {"observe": ["--observed"], "masks": ["--masked"], "enforce": []}[mode]


def prepare(r, wanted):
    os.makedirs(r.path("data"), exist_ok=True)
    for is_masked in (0, 1):
        subprocess.run(["sqlite3", r.path("t%d.db" % is_masked)], input=sqlite_database(is_masked), text=True,
                       check=True)
    if any(p[1] == "postgresql" for p in wanted):
        r.start_cluster()
        r.psql("postgres", "CREATE DATABASE diff")
        r.psql("diff", pg_database())


def set_policy(r, mode):
    for name in os.listdir(r.policies):
        os.unlink(os.path.join(r.policies, name))
    r.write(os.path.join("policies", "diff.yaml"), POLICIES[mode])


HELD = set()  # pairs that a worker opens
FAULTS = ("swapped-lengths", "wrong-unit", "stale-binding", "lost-record", "wrong-truncation", "off-by-one-row",
          "cached-attribute", "lost-warning", "not-reset", "wrong-row-count", "lost-token", "late-field")


def find_faults(tap, r, pair, given):
    """In a build with planted faults: each is found, and without one there is nothing to find."""
    arguments = command(r, pair, "enforce") + ["--seed", "1", "--scripts", str(given.scripts)]
    arguments += ["--without", given.without] if given.without else []
    for fault in (None,) + FAULTS:
        os.environ.pop("OG_WRAPPER_FAULT", None)
        if fault:
            os.environ["OG_WRAPPER_FAULT"] = fault
        done = subprocess.run(arguments, capture_output=True, text=True, errors="replace")
        if fault:
            tap.ok("not ok 1" in done.stdout and "# a difference" in done.stdout,
                   "the differential test finds a planted fault: " + fault, done.stdout[-800:])
        else:
            tap.ok("\nok 1 - no difference" in done.stdout, "this build without a fault: no difference",
                   done.stdout[:2000])
    os.environ.pop("OG_WRAPPER_FAULT", None)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pairs", nargs="*")
    parser.add_argument("--modes", default="enforce,observe,masks")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=int, help="for all of them together")
    parser.add_argument("--scripts", type=int, default=60, help="for each of them")
    parser.add_argument("--floor", type=int, default=0)
    parser.add_argument("--without", default="", help="operations that are left out")
    parser.add_argument("--faults", action="store_true", help="in a build with planted faults of the wrapper")
    parser.add_argument("--fresh", action="store_true", help="a seed that was not used before")
    parser.add_argument("--more", default="", help="more options for the program")
    parser.add_argument("--broker", action="store_true", help="the guarded arm over the broker")
    parser.add_argument("--shell", action="store_true", help="print the commands, and wait")
    given = parser.parse_args()
    wanted = [p for p in PAIRS if not given.pairs or p[0] in given.pairs]
    seed = random.SystemRandom().getrandbits(40) if given.fresh else given.seed or 1
    tap = rig.Tap()
    if given.faults:
        wanted = PAIRS[:1]
        r = rig.Rig({"diff.yaml": POLICIES["enforce"]})
        prepare(r, wanted)
        r.start()
        find_faults(tap, r, wanted[0], given)
        tap.done()
    modes = given.modes.split(",")
    if given.seconds:
        budget = ["--seconds", str(max(1, given.seconds // (len(modes) * len(wanted))))]
    else:
        budget = ["--scripts", str(given.scripts), "--floor", str(given.floor)]
    if given.without:
        budget += ["--without", given.without]
    for mode in modes:
        r = rig.Rig({"diff.yaml": POLICIES[mode]})
        prepare(r, wanted)
        if given.broker:
            hold(r, wanted)
        r.start()
        for pair in wanted:
            arguments = command(r, pair, mode) + ["--seed", str(seed)] + budget + given.more.split()
            if given.shell:
                print("export ODBCSYSINI=%s" % r.folder)
                print(shlex.join(arguments), flush=True)
                continue
            done = subprocess.run(arguments, capture_output=True, text=True, errors="replace")
            tap.note("\n".join(l[2:] if l.startswith("# ") else l for l in done.stdout.splitlines()))
            tap.ok(done.returncode == 0, "%s, %s%s: direct and guarded show the same (seed %d)" % (
                pair[0], mode, " over the broker" * given.broker, seed),
                   done.stderr[-2000:])
        if given.shell:
            sys.stdin.read()
        r.close()
    tap.done()


if __name__ == "__main__":
    main()
