#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One masked value by every door of ODBC: what a guarded data source hands out is compared, call by
call, with what the real driver hands out over a table that holds the masked values. Memory of the
application is searched for clear values after every call; the control shows that the search finds them."""
import difflib
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

DOORS = rig.BUILD + "/tests/live/doors"
THREADS = rig.BUILD + "/tests/live/threads"
LONG = "x" * 5000
HIDDEN = "k4n4ry"

TABLE = """CREATE TABLE %s (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, email TEXT, note VARCHAR(30),
  api_key VARCHAR(40) %s, birth DATE, balance INTEGER);
"""

# id, name, email, note, api_key, birth, balance
CLEAR = [
    (1, "Ann", HIDDEN + ".ann@example.com", "note " + HIDDEN, "sk-" + HIDDEN, "1981-03-17", 71234),
    (2, "Bo", HIDDEN + "@" + LONG + ".example", "second " + HIDDEN, "sk2-" + HIDDEN, "1982-04-18", 72345),
    (3, "Zoë", "\U0001F600" + HIDDEN + "@exämple.com", "third " + HIDDEN, "sk3-" + HIDDEN, None, None),
    (4, "Dee", None, None, "sk4-" + HIDDEN, "1984-06-20", -4567),
    (5, "", HIDDEN + "e@example.org", "", "sk5-" + HIDDEN, "1985-07-21", 99),
    (6, "Fay", HIDDEN + "f@example.org", "six " + HIDDEN, "sk6-" + HIDDEN, "1986-08-22", 1500),
    (7, "Gus", HIDDEN + "g@" + "y" * 3000 + ".example", "seven " + HIDDEN, "sk7-" + HIDDEN, "1987-09-23",
     123456789),
]

POLICY = """
policy: doors
applies-to: {principals: ["*"], targets: ["*"]}
mode: enforce
data-mode: enforce
data:
  - {columns: [people.email], class: email, mask: partial}
  - {columns: [people.note], mask: fixed}
  - {columns: [people.api_key], mask: sql-null}
  - {columns: [people.birth], mask: truncate-date}
  - {columns: [people.balance], mask: round}
rules:
  - id: read
    when: {effect: select}
    then: allow
"""


def masked(row):
    """What the policy makes of a row, said once more and independently."""
    number, name, email, note, _, birth, balance = row
    if email is not None:
        email = email[0] + "***" + email[email.index("@"):]
    if balance is not None:
        balance = int((abs(balance) + 500) // 1000 * 1000) * (1 if balance > 0 else -1)
    return (number, name, email, None if note is None else "***", None,
            birth and birth[:4] + "-01-01", balance)


def literal(value):
    return "NULL" if value is None else str(value) if isinstance(value, int) else "'%s'" % value


def fill(table, rows, null):
    return TABLE % (table, null) + "".join(
        "INSERT INTO %s VALUES (%s);\n" % (table, ",".join(map(literal, row))) for row in rows)


SQL = fill("people", CLEAR, "NOT NULL") + fill("seen", [masked(r) for r in CLEAR], "")
QUERY = "SELECT id, name, email, note, api_key, birth, balance FROM %s ORDER BY id"
SECRETS = [HIDDEN, "03-17", "04-18", "71234", "72345", "123456789"]


def read(dsn, table, secrets, wrapper=()):
    return subprocess.run(list(wrapper) + [DOORS, "DSN=" + dsn, QUERY % table, "7"] + secrets,
                          capture_output=True, text=True, errors="replace", timeout=550)


def lines_of(text):
    return [line for line in text.splitlines() if not line.startswith("SECRET")]


def compare(tap, name, direct, guarded):
    """One result per door, so that a failure names it."""
    def doors(text):
        found = {}
        door = ""
        for line in lines_of(text):
            if not line.startswith(" "):
                door = line
                while door in found:
                    door += "'"
                found[door] = []
            else:
                found[door].append(line)
        return found
    wanted, got = doors(direct), doors(guarded)
    n = 0
    for door, lines in wanted.items():
        if "not compared" in door or door.endswith(" calls"):
            continue
        n += 1
        if got.get(door) != lines:
            difference = list(difflib.unified_diff(lines, got.get(door, []), "direct", "guarded", lineterm="", n=1))
            tap.ok(False, "%s: %s reads the same" % (name, door), "\n".join(difference[:24]))
    tap.ok(n > 40, "%s: %d doors read as over a table of masked values" % (name, n))


def one_driver(tap, name, dsn):
    direct = read(dsn, "seen", SECRETS)
    tap.is_((direct.returncode, direct.stdout.count("SECRET")), (0, 0),
            name + ": the driver itself goes through all doors")
    guarded = read(dsn + "-guarded", "people", SECRETS)
    tap.is_(guarded.returncode, 0, name + ": the guarded driver goes through all doors")
    if guarded.returncode:
        tap.note(guarded.stderr[-500:])
    compare(tap, name, direct.stdout, guarded.stdout)
    hits = [line for line in guarded.stdout.splitlines() if line.startswith("SECRET")]
    tap.ok(not hits, name + ": masks at every door: no clear value in any buffer after any call",
           "\n".join(hits[:10]))
    # The same memory and the same search, without a guard: it must find clear values at every door.
    control = read(dsn, "people", SECRETS)
    found = {line.split(" at ", 1)[1] for line in control.stdout.splitlines() if line.startswith("SECRET")}
    tap.ok(len(found) > 30, name + ": the control without masks is seen at %d doors" % len(found))


def race(library, dsn, table, n_threads):
    return subprocess.run([THREADS, library, "DSN=" + dsn, QUERY % table, str(n_threads)] + SECRETS,
                          capture_output=True, text=True, errors="replace", timeout=550)


def one_statement(tap, name, dsn, face, driver):
    """Threads on one statement. The real drivers, and the manager without its locks, break here: the guard
    is used alone. What it reads afterwards is what the real driver reads from the masked values."""
    wanted = race(rig.DRIVERS + "/" + driver, dsn, "seen", 1)
    rows = [line for line in wanted.stdout.splitlines() if line.startswith("row ")]
    tap.is_((wanted.returncode, len(rows)), (0, 4), name + ": one thread reads without a guard")
    for n_threads in (2, 4):
        raced = race("%s/driver/%s" % (rig.BUILD, face), dsn + "-guarded", "people", n_threads)
        tap.is_(raced.returncode, 0, "%s: %d threads on one statement break nothing" % (name, n_threads))
        tap.is_(raced.stdout.splitlines()[:4], rows, name + ": and the statement works afterwards")
        tap.like(raced.stdout, " seen 0\n", name + ": and no clear value shows in any buffer")
        if raced.returncode:
            tap.note(raced.stdout[-300:] + raced.stderr[-300:])
    control = race(rig.DRIVERS + "/" + driver, dsn, "people", 1)
    tap.ok(control.returncode == 0 and " seen 0\n" not in control.stdout,
           name + ": clear values are seen where there is no guard", control.stdout[-300:])


def main():
    rig.need_root()
    tap = rig.Tap()
    r = rig.Rig({"doors.yaml": POLICY})
    r.sqlite("lite", SQL)
    r.sqlite("litestep", SQL, {"StepAPI": "1"})
    r.postgresql("pg", SQL)
    sections = dict(r.sections["pg"])
    faces = {"pg": "ODBCGuard", "pgansi": "ODBCGuard ANSI", "pgfetch": "ODBCGuard"}
    r.add_dsn("pgansi", dict(sections, Driver="PostgreSQL ANSI"), faces["pgansi"])
    r.add_dsn("pgfetch", dict(sections, UseDeclareFetch="1", Fetch="3"), faces["pgfetch"])
    r.start()
    wanted = sys.argv[1:] or ["lite", "litestep", "pg", "pgansi", "pgfetch"]
    for dsn, name in (("lite", "SQLite"), ("litestep", "SQLite, row by row"), ("pg", "psqlODBC Unicode"),
                      ("pgansi", "psqlODBC ANSI"), ("pgfetch", "psqlODBC with a cursor")):
        if dsn in wanted:
            one_driver(tap, name, dsn)
    for dsn, name, face, driver in (
            ("lite", "SQLite", "libodbcguard-odbc2.so", "libsqlite3odbc.so"),
            ("litestep", "SQLite, row by row", "libodbcguard-odbc2.so", "libsqlite3odbc.so"),
            ("pg", "psqlODBC Unicode", "libodbcguard.so", "psqlodbcw.so")):
        if dsn in wanted:
            one_statement(tap, name, dsn, face, driver)
    tap.done()


main()
