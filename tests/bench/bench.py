# SPDX-License-Identifier: MIT
"""make bench: what the guard costs. PostgreSQL and SQLite, direct and guarded data sources of the same database,
interleaved in one process with the direct one twice; instructions by callgrind. Prints a table in Markdown.
--quick: fewer rounds. --no-instructions: without callgrind."""
import argparse
import os
import platform
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "live"))
sys.dont_write_bytecode = True
import rig  # noqa: E402 (its folder is known now)

POLICY = """
policy: bench
applies-to: {principals: ["*"], targets: ["*"]}
mode: enforce
data-mode: enforce
data:
  - columns: [people.email]
    class: email
    mask: partial
  - columns: [people.card]
    class: payment-card
    mask: partial
  - columns: [people.phone]
    class: phone
    mask: partial
rules:
  - id: all
    when: {effect: [select, insert, update, delete]}
    then: allow
"""
UNDO_POLICY = POLICY.replace("policy: bench", "policy: undo").replace('targets: ["*"]', "targets: [undolite, undopg]"
                                                                     ) + "writes: {undo: required}\n"
TABLES = """
CREATE TABLE things (id INTEGER PRIMARY KEY, name VARCHAR(40), town VARCHAR(40));
CREATE TABLE log (n INTEGER, text VARCHAR(40));
CREATE TABLE clear (id INTEGER PRIMARY KEY, name VARCHAR(40), town VARCHAR(40), email VARCHAR(40), card VARCHAR(40),
  phone VARCHAR(40), a VARCHAR(40), b VARCHAR(40));
CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(40), town VARCHAR(40), email VARCHAR(40), card VARCHAR(40),
  phone VARCHAR(40), a VARCHAR(40), b VARCHAR(40));
"""
N_ROWS = 5000


def rows():
    out = "BEGIN;\n"
    for i in range(1, 1001):
        out += "INSERT INTO things VALUES (%d, 'thing %d', 'town %d');\n" % (i, i, i % 90)
    for table in ("clear", "people"):
        for i in range(1, N_ROWS + 1):
            out += ("INSERT INTO %s VALUES (%d, 'name %d', 'town %d', 'm%d@example.org', '4000 0000 0000 %04d', "
                    "'+49 30 %06d', 'some more text', 'and some more');\n" % (table, i, i, i % 90, i, i, i))
    return out + "COMMIT;\n"


def program():
    return os.path.join(rig.BUILD, "tests/bench/odbcbench")


def instructions(dsn, task, n):
    """User-mode instructions of one operation: two runs of different length, the difference shared out."""
    counted = []
    for times in (n, 3 * n):
        done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program(), dsn,
                               "--only", task, str(times)], capture_output=True, text=True, errors="replace")
        found = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode or not found:
            return None
        counted.append(int(found.group(1)))
    return (counted[1] - counted[0]) / (2 * n)


def mark(value, goal, is_void=False):
    if not goal:
        return "-"
    if is_void:
        return "void"
    return "%s (%.2f)" % ("reached" if value <= goal else "missed", goal)


def measure(r, name, dsn, rounds, has_instructions, *only):
    done = subprocess.run([program(), dsn, dsn + "-guarded", str(rounds), *only], capture_output=True, text=True,
                          timeout=3600)
    if done.returncode:
        print("%s: %s" % (name, done.stderr))
        return 1
    print("\n### %s\n" % name)
    print("| operation | direct p50 µs | A/A | guarded / direct [q25-q75] | rows/s direct | guarded | goal | "
          "instructions direct | guarded | ratio | goal |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for line in done.stdout.splitlines():
        task, what, p50, aa, _, _, ratio, low, high, one, two, goal, goal_ir = line.split("\t")
        is_void = not 1 / 1.15 <= float(aa) <= 1.15
        counts = ["-", "-", "-", "-"]
        n = {"bulk fetch, no mask": 2, "bulk fetch, 3 of 8 masked": 2, "connect and disconnect": 2}.get(task, 100)
        if has_instructions:
            direct, guarded = (instructions(d, task, n) for d in (dsn, dsn + "-guarded"))
            if direct and guarded:
                counts = ["%.0f" % direct, "%.0f" % guarded, "%.3f" % (guarded / direct),
                          mark(guarded / direct, float(goal_ir))]
        print("| %s | %s | %s%s | %s [%s-%s] | %s | %s | %s %s | %s |" % (
            task, p50, aa, " void" if is_void else "", ratio, low, high, one, two, what,
            mark(float(ratio), float(goal), is_void), " | ".join(counts)), flush=True)
    return 0


def machine():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    with open("/proc/meminfo") as file:
        memory = int(re.search(r"MemTotal:\s*(\d+)", file.read()).group(1)) // 1048576
    print("Machine: %s, %d CPUs, %d GiB, Linux %s, load %.1f." % (
        model.group(1) if model else platform.machine(), os.cpu_count(), memory, platform.release(), os.getloadavg()[0]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--no-instructions", action="store_true")
    parser.add_argument("--only", help="sqlite or postgresql")
    given = parser.parse_args()
    r = rig.Rig({"bench.yaml": POLICY, "undo.yaml": UNDO_POLICY})
    r.sqlite("benchlite", TABLES + rows())
    r.add_dsn("undolite", dict(r.sections["benchlite"]), "ODBCGuard ODBC2")
    has_pg = os.geteuid() == 0 and os.path.exists(rig.PG_BIN + "/postgres") and given.only != "sqlite"
    if has_pg:
        r.postgresql("benchpg", TABLES + rows() + "ANALYZE;\n")
        r.add_dsn("undopg", dict(r.sections["benchpg"]), "ODBCGuard")
    r.start()
    machine()
    failed = 0
    rounds = 9 if given.quick else 41
    if has_pg:
        failed += measure(r, "PostgreSQL (psqlODBC Unicode, TCP on loopback, fsync off)", "benchpg", rounds,
                          not given.no_instructions)
        failed += measure(r, "PostgreSQL, with an undo set for each write", "undopg", rounds, False, "update")
    if given.only != "postgresql":
        failed += measure(r, "SQLite (SQLite ODBC)", "benchlite", rounds, not given.no_instructions)
        failed += measure(r, "SQLite, with an undo set for each write", "undolite", rounds, False, "update")
    r.close()
    sys.exit(1 if failed else 0)


main()
