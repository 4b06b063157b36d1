#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Random writes with cascades and triggers on SQLite and PostgreSQL, each asked for, approved and run, in
autocommit and in transactions. First undisturbed: what was rehearsed is what is executed, by the ledger's
figures and by the tables themselves, read by key before and after; writes that were not rehearsed are counted
and named. Then with a session that writes in between: every write that became another one is taken back, every
other one stays. Last the control: under a rule that bears any drift the very same comparison finds
disturbed writes that stay.
OG_MEASURED_WRITES (of each engine and part), OG_MEASURED_SEED."""
import collections
import json
import os
import random
import re
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402
import undo_schema  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

WRITES = int(os.environ.get("OG_MEASURED_WRITES", "60"))
SEED = int(os.environ.get("OG_MEASURED_SEED", "3"))
RESET = 200  # writes after which the tables are emptied, so that they stay small
# other sessions' writes that meet many rows
MEET_MANY = ["DELETE FROM owners WHERE id % 3 = 0", "DELETE FROM tree WHERE id % 2 = 0", "DELETE FROM things",
             "UPDATE owners SET n = 40 WHERE id < 20", "INSERT INTO tree (id, up) SELECT id + 1000, id FROM tree"
             " WHERE id < 300"]

POLICY = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
vouch: {functions: [public.on_owner], rehearse: [public.on_owner]}
rules:
  - id: read
    when: {effect: select}
    then: allow
  - id: writes
    when: {effect: [insert, update, delete, merge]}
    then: approve
    by: {group: dba, within: 30m%s}
"""
CONFIG = rig.SHOP_CONFIG
APPROVER = """
import sys
for line in sys.stdin:
    folder = line.strip()
    digest = open(folder + "/digest").read()[:8]
    try:
        with open(folder + "/decision", "w") as file:
            file.write("approve %s\\n" % digest)
        print("ok", flush=True)
    except OSError as error:
        print(error, flush=True)
"""


class Direct:
    """An unguarded way in. SQLite's is not ODBC: there a column's type would follow from its first row."""

    def __init__(self, engine, dsn, the_rig):
        self.engine = engine
        if engine == "SQLite":
            self.connection = sqlite3.connect(the_rig.sections[dsn]["Database"], timeout=30, isolation_level=None)
            self.connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            self.connection.execute("PRAGMA foreign_keys = ON")
        else:
            self.connection = pyodbc.connect("DSN=" + dsn, autocommit=True)

    def __call__(self, sql, values=()):
        cursor = self.connection.cursor()
        cursor.execute(sql, *([values] if values else []))
        return cursor.fetchall() if cursor.description else cursor.rowcount


class Approver:
    """Another account that approves whatever is asked."""

    def __init__(self, the_rig):
        self.rig = the_rig
        self.process = subprocess.Popen(
            ["setpriv", "--reuid", str(rig.APPROVER_UID), "--regid", str(rig.APPROVER_UID), "--clear-groups",
             sys.executable, "-c", APPROVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def approve(self, request):
        self.process.stdin.write(os.path.join(self.rig.mount, "approvals/requests", request) + "\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline().strip()
        if said != "ok":
            raise RuntimeError("cannot approve %s: %s" % (request, said))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def truth(before, after):
    """What two snapshots say, per table: rows that came less those that went, and keys whose rows differ."""
    out = {}
    for table, old in before.items():
        new = after[table]
        changed = sum(1 for key in old.keys() & new.keys() if old[key] != new[key])
        if changed or old.keys() != new.keys():
            out[table] = (len(new) - len(old), changed)
    return out


def agrees(effect, seen):
    """Whether figures (table: inserted, updated, deleted) can have made that difference."""
    for table in set(effect) | set(seen):
        inserted, updated, deleted = effect.get(table, (0, 0, 0))
        grown, changed = seen.get(table, (0, 0))
        if inserted - deleted != grown or changed > updated + min(inserted, deleted):
            return False
    return True


def shown(text):
    """The figures in a request file; None and why not."""
    why = re.search(r"not rehearsed, because (.*)", text)
    if why:
        return None, why.group(1)
    rows = re.findall(r"^  \w+\.(\w+): ([\d,]+) inserted, ([\d,]+) updated, ([\d,]+) deleted", text, re.M)
    return {table: tuple(int(n.replace(",", "")) for n in figures) for table, *figures in rows}, ""


class Part:
    """Counts what happened to the writes of one part."""

    def __init__(self, the_rig, engine, dsn, approver, name):
        self.rig, self.engine, self.dsn, self.approver, self.name = the_rig, engine, dsn, approver, name
        self.direct = Direct(engine, dsn, the_rig)
        self.counts, self.base = collections.Counter(), 10000
        self.why_not, self.wrong, self.asked = collections.Counter(), [], {}
        self.connect()

    def connect(self):
        keys = "DSN=%s-guarded;GuardApproval=fail" % self.dsn
        self.auto = pyodbc.connect(keys, autocommit=True)
        self.manual = pyodbc.connect(keys, autocommit=False)

    def reset(self, chance):
        """Small tables, not empty ones."""
        for table in ("things", "notes", "owners", "tree", "loose", "history"):
            self.direct("DELETE FROM %s" % table)
        for _ in range(60):
            self.write(chance, undo_schema.snapshot(self.direct), 0)

    def write(self, chance, now, meets_many=0.6):
        """A random write behind the guard's back."""
        sql, values = undo_schema.random_write(chance, self.engine, now)
        if chance.random() < meets_many:
            sql, values = chance.choice(MEET_MANY), []
        try:
            self.direct(sql, values)
        except (pyodbc.Error, sqlite3.Error):
            pass

    def pair(self, chance):
        """A write on rows of its own, and another session's on some of them."""
        self.base += 20
        for i in range(10):
            self.direct("INSERT INTO tree (id) VALUES (%d)" % (self.base + i))
        where = "WHERE id BETWEEN %d AND %d" % (self.base, self.base + 19)
        return (chance.choice(("UPDATE tree SET late = 1 ", "DELETE FROM tree ")) + where,
                chance.choice(("DELETE FROM tree WHERE id = %d", "INSERT INTO tree (id) VALUES (%d + 10)",
                               "UPDATE tree SET tag = 'q' WHERE id = %d")) % (self.base + chance.randrange(10)))

    def run(self, connection, sql, values):
        """Returns: "" when it ran (and was committed), else the error's text."""
        try:
            connection.cursor().execute(sql, *values)
            connection.commit()
            return ""
        except pyodbc.Error as error:
            connection.rollback()
            return "%s %s" % (error.args[0], error.args[1])

    def one(self, chance, disturb):
        before = undo_schema.snapshot(self.direct)
        sql, values = undo_schema.random_write(chance, self.engine, before)
        other = None
        if disturb and chance.random() < 0.3:
            sql, other = self.pair(chance)
            values, before = [], undo_schema.snapshot(self.direct)
        connection = self.auto if chance.random() < 0.6 else self.manual
        error = self.run(connection, sql, values)
        if undo_schema.snapshot(self.direct) != before:
            return self.wrong.append(("something stays of a rehearsal", sql, values))
        request = re.search(r"request=(r-\w+)", error)
        if "(71002)" not in error or not request:
            if "data at execution" in error:
                self.counts["not asked for: a parameter sent at execution"] += 1
                return None
            self.counts["failed for the client itself" if error else "ran unasked"] += 1
            return None if error and "(7100" not in error else self.wrong.append((error, sql, values))
        text = self.rig.read("approvals/requests", request.group(1), "request.yaml")
        figures, why = shown(text)
        self.approver.approve(request.group(1))
        if other:
            self.direct(other)
        elif disturb and chance.random() < 0.8:
            self.write(chance, before)
        middle = undo_schema.snapshot(self.direct) if disturb else before
        error = self.run(connection, sql, values)
        self.judge(sql, values, figures, why, middle != before, error, truth(middle, undo_schema.snapshot(self.direct)))

    def judge(self, sql, values, figures, why, disturbed, error, seen):
        if figures is None:
            self.counts["not rehearsed"] += 1
            self.why_not[re.sub(r"[\d,]+", "N", why)] += 1
        elif not error:
            self.counts["ran as rehearsed"] += 1
            self.counts["of them disturbed"] += bool(disturbed)
            if not agrees(figures, seen):
                self.wrong.append(("rehearsed %s, executed %s" % (figures, seen), sql, values))
        elif "(71003)" in error and "now and not the" in error:
            self.counts["taken back for a drift"] += 1
            if not disturbed or seen:
                self.wrong.append(("taken back: %s %s" % (error, seen), sql, values))
        else:
            self.counts["failed once disturbed" if disturbed else "failed undisturbed"] += 1
            if not disturbed or seen or "(7100" in error:
                self.wrong.append((error, sql, values))

    def told(self):
        return "\n".join(repr(wrong)[:500] for wrong in self.wrong[:5])

    def go(self, n, disturb):
        chance = random.Random("%d %s %s" % (SEED, self.engine, self.name))
        for i in range(n):
            if i % RESET == 0:
                self.reset(chance)
            self.one(chance, disturb)
        print("# %s, %s: %s" % (self.engine, self.name, dict(self.counts)), flush=True)
        for why, count in self.why_not.items():
            print("#   not rehearsed, because %s: %d" % (why, count), flush=True)
        return self


def ledger_agrees(the_rig):
    """Executions under a grant against the rehearsals before them, by the ledger. Returns (compared, wrong)."""
    rehearsed, compared, wrong = {}, 0, []
    intents = {}
    for line in the_rig.read("audit", "current.jsonl").splitlines():
        guard = json.loads(line)["unmapped"]["guard"]
        if guard.get("record") == "intent":
            intents[guard["statement"]] = guard
        elif guard.get("record") == "outcome" and guard["statement"] in intents:
            intent = intents.pop(guard["statement"])
            key = (json.loads(line)["actor"]["session"]["uid"], intent.get("text_hmac"))
            if intent.get("is_rehearsal"):
                rehearsed[key] = guard.get("effect")
            elif intent.get("grant") and key in rehearsed and not guard.get("voids"):
                same = rehearsed.pop(key) == guard.get("effect")
                compared += 1
                if not same and not guard.get("sqlstate"):
                    wrong.append(guard)
    return compared, wrong


def main():
    tap = rig.Tap()
    rig.need_root()
    the_rig = rig.Rig({"shop.yaml": POLICY % ""}, CONFIG)
    the_rig.sqlite("meas_s", undo_schema.DDL["SQLite"], {"FKSupport": "1"})
    the_rig.postgresql("meas_p", undo_schema.DDL["PostgreSQL"])
    the_rig.start()
    approver, engines = Approver(the_rig), (("SQLite", "meas_s"), ("PostgreSQL", "meas_p"))
    for engine, dsn in engines:
        part = Part(the_rig, engine, dsn, approver, "undisturbed").go(WRITES, False)
        tap.ok(not part.wrong, "%s: rehearsed figures equal executed ones" % engine, part.told())
        tap.ok(part.counts["ran as rehearsed"] > WRITES // 4, "%s: most writes were rehearsed" % engine, part.counts)
    compared, wrong = ledger_agrees(the_rig)
    tap.ok(compared and not wrong, "so they do in the ledger", (compared, wrong[:3]))
    for engine, dsn in engines:
        part = Part(the_rig, engine, dsn, approver, "disturbed").go(WRITES, True)
        tap.ok(not part.wrong, "%s: every drift is caught, and nothing else" % engine, part.told())
        tap.ok(part.counts["taken back for a drift"] and part.counts["of them disturbed"],
               "%s: there were drifts, and disturbed writes that were none" % engine, part.counts)
    the_rig.write("policies/shop.yaml", POLICY % ", drift: 1000000")
    the_rig.wait(lambda: "drift:" in the_rig.read("policies", "active", "shop.yaml"), "the second set", 20)
    for engine, dsn in engines:
        part = Part(the_rig, engine, dsn, approver, "control").go(min(WRITES, 100), True)
        tap.ok(any("rehearsed" in why for why, *_ in part.wrong) and not part.counts["taken back for a drift"],
               "%s: control: where drift is borne the comparison finds it" % engine, part.counts)
    approver.close()
    tap.done()


main()
