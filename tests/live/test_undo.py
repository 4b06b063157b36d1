#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Undo sets: what writes change is kept before they are committed, and taken back, on SQLite and
PostgreSQL. First the story with its files, then random writes with foreign keys, triggers and unusual
types: undoing all of them, at once or later, brings back the checksum of the start, and where a
conflict was told, some row really was another. The last part is the control: with a row that is
changed behind the guard's back the very same comparison fails."""
import os
import random
import sqlite3
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402
import undo_schema  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

WRITES = int(os.environ.get("OG_UNDO_WRITES", "70"))
SEED = int(os.environ.get("OG_UNDO_SEED", "8"))

POLICY = """
policy: shop
applies-to: {principals: ["*"], targets: [%s]}
writes: {undo: %s%s}
data:
  - columns: [people.email]
    class: email
    mask: partial
    optional: yes
rules:
  - id: all
    when: {effect: [select, insert, update, delete, merge, truncate, create, drop, alter]}
    then: allow
"""
VOUCH = "vouch: {functions: [public.on_owner]}\n"
CONFIG = """
people: {dora: ["uid:%d"]}
groups: {dba: [user:dora]}
roles: {admin: [group:dba], approver: [group:dba]}
""" % rig.APPROVER_UID


def connect(dsn, autocommit=True):
    return pyodbc.connect("DSN=" + dsn, autocommit=autocommit)


def error_of(run):
    try:
        run()
        return ""
    except pyodbc.Error as error:
        return "%s %s" % (error.args[0], error.args[1] if len(error.args) > 1 else "")


class Undo:
    """The folder undo/ of one rig, and what came into it."""

    def __init__(self, the_rig):
        self.rig = the_rig
        self.seen = self.ids()

    def ids(self):
        return set(os.listdir(os.path.join(self.rig.mount, "undo")))

    def new(self):
        """The one set that came since the last call, or None."""
        fresh = self.ids() - self.seen
        self.seen |= fresh
        if len(fresh) > 1:
            raise RuntimeError("several sets at once: %s" % fresh)
        return fresh.pop() if fresh else None

    def read(self, undo, name):
        return self.rig.read("undo", undo, name)

    def summary(self, undo):
        return dict(line.split(": ", 1) for line in self.read(undo, "summary").splitlines())

    def wait_state(self, undo, state):
        """Word of a commit is not waited for."""
        self.rig.wait(lambda: self.summary(undo)["state"].startswith(state), "state " + state)


# ---- the story ----

def story(tap, engine, the_rig, dsn, direct, write):
    undo = Undo(the_rig)
    guarded = connect(dsn)
    cursor = guarded.cursor()
    start = undo_schema.checksum(direct)
    cursor.execute("UPDATE people SET name = 'all', email = 'x@example.com'")
    first = undo.new()
    undo.wait_state(first, "committed")
    summary = undo.summary(first)
    tap.like(summary["changed"], "3 rows of %s.people updated" % engine.schema,
             engine.name + ": the summary says what changed")
    tap.is_(summary["whole"], "yes", engine.name + ": and that nothing is missing")
    text = undo.read(first, "undo.sql")
    tap.ok("ann@" not in text and "Ann" not in text, engine.name + ": undo.sql holds no values", text)
    tap.is_(sum(line.startswith("UPDATE") for line in text.splitlines()), 3,
            engine.name + ": it has a line per row")
    before = undo.read(first, "before.jsonl")
    tap.ok('"Ann"' in before and "ann@example" not in before and "masked" in before,
           engine.name + ": before.jsonl shows rows as the reader may see them", before)
    sealed = b"".join(open(os.path.join(the_rig.state, "undo", name), "rb").read()
                      for name in os.listdir(os.path.join(the_rig.state, "undo")))
    tap.ok(b"ann@example" not in sealed and b"Ann" not in sealed,
           engine.name + ": nothing of the rows lies open in the state folder")
    tap.ok(undo_schema.checksum(direct) != start, engine.name + ": the write was made")

    if not the_rig.is_broker:  # where it is, test_undo_files.py copies
        copied = subprocess.run("cp %s/undo.sql %s/apply" % ((os.path.join(the_rig.mount, "undo", first),) * 2),
                                shell=True, capture_output=True, text=True)
        tap.ok(copied.returncode != 0 and "guardctl undo --dsn %s %s" % (dsn, first) in the_rig.read(".error"),
               engine.name + ": apply without credentials says what to run", the_rig.read(".error"))
    with open(os.path.join(the_rig.folder, "edited.sql"), "w") as file:
        file.write(text.replace("WHERE", "WHERE 1 = 1 OR"))
    subprocess.run(["cp", os.path.join(the_rig.folder, "edited.sql"),
                    os.path.join(the_rig.mount, "undo", first, "apply")], capture_output=True)
    tap.like(the_rig.read(".error"), "not one of undo.sql's", engine.name + ": edited lines are refused")

    checked = the_rig.guardctl("undo", "--check", first)
    tap.ok(checked.returncode == 0 and "can be taken back" in checked.stdout,
           engine.name + ": a check finds nothing in the way", checked)
    tap.ok(undo_schema.checksum(direct) != start, engine.name + ": and changes nothing")
    done = the_rig.guardctl("undo", first)
    tap.ok(done.returncode == 0 and "was taken back" in done.stdout,
           engine.name + ": guardctl undo takes it back", done)
    tap.is_(undo_schema.checksum(direct), start, engine.name + ": every table is as it was")
    second = undo.new()
    undo.wait_state(first, "undone")
    undo.wait_state(second, "committed")
    tap.is_(undo.summary(second)["takes-back"], first, engine.name + ": the undo is an undo set itself")
    again = the_rig.guardctl("undo", first)
    tap.ok("nothing was to be taken back" in again.stdout, engine.name + ": twice is once", again)
    tap.is_(undo.new(), None, engine.name + ": and makes no set")
    cursor.execute("odbcguard undo " + second)
    undo.new()
    tap.ok(undo_schema.checksum(direct) != start, engine.name + ": the undo of the undo makes the write again")

    write("UPDATE people SET name = 'other' WHERE id = 2")
    told = error_of(lambda: cursor.execute("odbcguard undo " + first))
    tap.ok("71005" in told and "1 row stands in the way" in told and '"id" = 2: the row was changed' in told,
           engine.name + ": a row that changed since is a conflict", told)
    tap.like(undo.read(first, "conflicts"), '"id" = 2: the row was changed since',
             engine.name + ": and stands in conflicts")
    rows = [line.split("-- row ")[1] for line in undo.read(first, "undo.sql").splitlines()
            if line.startswith("UPDATE") and '"id" = 2' not in line]
    cursor.execute("odbcguard undo %s rows %s" % (first, ",".join(rows)))
    undo.new()
    tap.is_(direct("SELECT name FROM people ORDER BY id"), [("Ann",), ("other",), ("Cay",)],
            engine.name + ": a subset takes back its rows")
    write("UPDATE people SET name = 'Bo', email = 'bo@example.com' WHERE id = 2")
    tap.is_(undo_schema.checksum(direct), start, engine.name + ": the start again")

    what = error_of(lambda: cursor.execute("DROP TABLE people"))
    tap.ok("DROP cannot be taken back" in what and "71005" in what,
           engine.name + ": DROP is refused where undo is required", what)
    what = error_of(lambda: cursor.execute("ALTER TABLE people DROP COLUMN name"))
    tap.ok("loses values" in what, engine.name + ": and so is an ALTER that loses a column", what)
    tap.is_(error_of(lambda: cursor.execute("ALTER TABLE people ADD COLUMN extra INTEGER")), "",
            engine.name + ": one that adds a column is not")
    what = error_of(lambda: cursor.execute("odbcguard undo " + first))
    tap.like(what, "other columns now", engine.name + ": a set of a table with other columns is refused")
    write("ALTER TABLE people DROP COLUMN extra")
    for text in ("odbcguard undo", "odbcguard undo u-0000000000", "odbcguard undo %s rows 9" % first,
                 "odbcguard undo %s rows 1 and" % first, "odbcguard undo %s; SELECT 1" % first):
        tap.like(error_of(lambda: cursor.execute(text)), "(7100", engine.name + ": refused: " + text[:45])
    guarded.close()


def transactions(tap, engine, the_rig, dsn, direct):
    undo = Undo(the_rig)
    guarded = connect(dsn, autocommit=False)
    cursor = guarded.cursor()
    start = undo_schema.checksum(direct)
    cursor.execute("UPDATE people SET name = 'one' WHERE id = 1")
    first = undo.new()
    tap.like(undo.summary(first)["state"], "open", engine.name + ": before the commit a set is open")
    cursor.execute("UPDATE people SET name = 'two' WHERE id = 1")
    second = undo.new()
    what = error_of(lambda: cursor.execute("odbcguard undo " + first))
    tap.like(what, "transaction of its own", engine.name + ": nothing is taken back inside of a transaction")
    guarded.commit()
    undo.wait_state(first, "committed")
    undo.wait_state(second, "committed")
    cursor.execute("DELETE FROM people WHERE id = 3")
    third = undo.new()
    guarded.rollback()
    undo.wait_state(third, "rolled-back")
    tap.ok("nothing to take back" in error_of(lambda: connect(dsn).cursor().execute("odbcguard undo " + third)),
           engine.name + ": what was rolled back cannot be taken back")
    guarded.close()
    single = connect(dsn).cursor()
    what = error_of(lambda: single.execute("odbcguard undo " + first))
    tap.like(what, "changed since", engine.name + ": a later change of the same row stands in the way")
    for one in (second, first):
        single.execute("odbcguard undo " + one)
        undo.new()
    tap.is_(undo_schema.checksum(direct), start, engine.name + ": newest first takes all back")
    guarded = connect(dsn, autocommit=False)
    cursor = guarded.cursor()
    cursor.execute("UPDATE people SET name = 'lost' WHERE id = 1")
    lost = undo.new()
    program = "import os, pyodbc; c = pyodbc.connect('DSN=%s', autocommit=False); " \
              "c.cursor().execute(\"UPDATE people SET name = 'killed' WHERE id = 2\"); os._exit(9)" % dsn
    guarded.rollback()
    undo.wait_state(lost, "rolled-back")
    subprocess.run([sys.executable, "-c", program])
    killed = undo.new()
    if the_rig.is_broker:  # the worker lives on to tell
        undo.wait_state(killed, "rolled-back")
    else:
        undo.wait_state(killed, "unclear")
        single.execute("odbcguard undo %s check" % killed)
    undo.wait_state(killed, "rolled-back")
    tap.ok(True, engine.name + ": a client that died before its commit leaves an unclear set, which a look settles")
    guarded.close()


def many_in_one(tap, engine, the_rig, dsn, direct, n):
    """Random writes in transactions of the application's own, some of them failing; then all back."""
    chance = random.Random(SEED + 1)
    undo = Undo(the_rig)
    guarded = connect(dsn, autocommit=False)
    cursor = guarded.cursor()
    start = undo_schema.checksum(direct)
    now, kept, wrong, failed = undo_schema.snapshot(direct), [], [], 0
    for i in range(n):
        sets = []
        for _ in range(chance.randrange(2, 7)):
            sql, values = undo_schema.random_write(chance, engine.name, now)
            what = error_of(lambda: cursor.execute(sql, *values))
            one = undo.new()
            failed += bool(what)
            if what and "odbcguard" in what:
                wrong.append("%s: %s" % (sql, what))
            if one:
                sets.append(one)
        if chance.random() < 0.25:
            guarded.rollback()
            if undo_schema.snapshot(direct) != now:
                wrong.append("rolled back, and rows changed")
        else:
            guarded.commit()
            kept += sets
        now = undo_schema.snapshot(direct)
    tap.is_(wrong[:3], [], engine.name + ": several writes to the same rows in one transaction are kept")
    guarded.close()
    cursor = connect(dsn).cursor()
    for one in reversed(kept):
        what = error_of(lambda: cursor.execute("odbcguard undo " + one))
        undo.new()
        if what:
            wrong.append("%s: %s" % (undo.summary(one)["changed"], what))
            break
    tap.is_(wrong[:3], [], engine.name + ": and taken back one by one")
    tap.is_(undo_schema.checksum(direct), start, engine.name + ": to the start (%d sets, %d writes failed)"
            % (len(kept), failed))


CLIENT = """
import os, random, sys
sys.path.insert(0, os.environ["OG_LIVE"])
import pyodbc
import undo_schema
chance = random.Random(int(sys.argv[1]))
cursor = pyodbc.connect("DSN=" + sys.argv[2], autocommit=True).cursor()
keys = {"owners": {(i,): () for i in range(1, 60)}, "tree": {(i,): () for i in range(1, 150)},
        "things": {("x", i): () for i in range(30)}, "notes": {(i,): () for i in range(1, 60)}}
for _ in range(int(sys.argv[3])):
    sql, values = undo_schema.random_write(chance, sys.argv[4], keys)
    try:
        cursor.execute(sql, *values)
    except pyodbc.Error as error:
        if "odbcguard" in str(error) and "database is locked" not in str(error):
            print(sql, error)
print("done")
"""


def newest_first(the_rig, names):
    """As the folder lists them."""
    return [name for name in os.listdir(os.path.join(the_rig.mount, "undo")) if name in names]


def concurrent(tap, engine, the_rig, dsn, direct, n):
    """Four clients at once, three of them killed at some point; then everything back, newest first."""
    undo = Undo(the_rig)
    start = undo_schema.checksum(direct)
    chance = random.Random(SEED + 2)
    environment = dict(os.environ, OG_LIVE=os.path.dirname(os.path.abspath(__file__)))
    clients = [subprocess.Popen([sys.executable, "-c", CLIENT, str(SEED + i), dsn, str(n), engine.name],
                                env=environment, stdout=subprocess.PIPE, text=True) for i in range(4)]
    for client in clients[1:]:
        seen = len(undo.ids())
        try:
            the_rig.wait(lambda: len(undo.ids()) > seen + chance.randrange(2, 15) or
                         client.poll() is not None, "writes", 60)
        except RuntimeError:
            pass
        client.kill()
    out = clients[0].communicate()[0]
    for client in clients[1:]:
        client.communicate()
    tap.is_([line for line in out.splitlines() if line != "done"][:3], [],
            engine.name + ": four at once: no write is refused")
    fresh = undo.ids() - undo.seen
    the_rig.wait(lambda: not any(undo.summary(one)["state"].startswith("open") for one in fresh), "ends")
    states = [undo.summary(one)["state"].split()[0] for one in fresh]
    cursor = connect(dsn).cursor()
    wrong = []
    for one in newest_first(the_rig, fresh):
        if undo.summary(one)["state"].startswith("rolled-back"):
            continue
        what = error_of(lambda: cursor.execute("odbcguard undo " + one))
        if what:
            wrong.append("%s %s: %s" % (one, undo.summary(one)["state"], what))
            break
    undo.seen = undo.ids()
    tap.is_(wrong, [], engine.name + ": four at once, three killed: all of it is taken back, newest first")
    tap.is_(undo_schema.checksum(direct), start, engine.name + ": to the checksum of the start (%d sets: %s)"
            % (len(fresh), ", ".join("%d %s" % (states.count(s), s) for s in sorted(set(states)))))


def truncate(tap, engine, the_rig, dsn, direct):
    undo = Undo(the_rig)
    cursor = connect(dsn).cursor()
    cursor.execute("INSERT INTO loose SELECT g, 'text ' || g, 'p', g % 2 = 0 FROM generate_series(1, 500) g")
    undo.new()
    start = undo_schema.checksum(direct)
    cursor.execute("TRUNCATE loose, history")
    one = undo.new()
    tap.is_(direct("SELECT count(*) FROM loose"), [(0,)], engine.name + ": TRUNCATE empties the table")
    tap.like(undo.summary(one)["changed"], "500 rows of public.loose deleted",
             engine.name + ": and keeps a copy of it")
    cursor.execute("odbcguard undo " + one)
    undo.new()
    tap.is_(undo_schema.checksum(direct), start, engine.name + ": which brings it back")
    what = error_of(lambda: cursor.execute("TRUNCATE owners CASCADE"))
    tap.like(what, "name them all", engine.name + ": TRUNCATE CASCADE is refused with what to do")
    tap.is_(undo_schema.checksum(direct), start, engine.name + ": and changes nothing")
    cursor.execute("DELETE FROM loose")
    undo.new()


def forgetting(tap, engine, the_rig, dsn):
    undo = Undo(the_rig)
    guarded = connect(dsn)
    guarded.cursor().execute("UPDATE people SET name = 'forget me' WHERE id = 1")
    one = undo.new()
    folder = os.path.join(the_rig.mount, "undo", one)
    refused = the_rig.as_uid(rig.OTHER_UID, ["rmdir", folder])
    tap.ok(refused.returncode != 0, engine.name + ": not everybody may have a set forgotten", refused)
    hidden = the_rig.as_uid(rig.OTHER_UID, ["cat", folder + "/before.jsonl"])
    tap.ok(hidden.returncode != 0, engine.name + ": nor read it", hidden)
    gone = the_rig.as_uid(rig.APPROVER_UID, ["rmdir", folder])
    tap.is_(gone.returncode, 0, engine.name + ": an admin may")
    tap.like(undo.summary(one)["state"], "forgotten", engine.name + ": it says so")
    tap.is_([name for name in os.listdir(os.path.join(the_rig.state, "undo-keys")) if one in name], [],
            engine.name + ": its key is gone")
    tap.like(error_of(lambda: guarded.cursor().execute("odbcguard undo " + one)), "forgotten",
             engine.name + ": and nobody takes it back")
    guarded.cursor().execute("UPDATE people SET name = 'Ann' WHERE id = 1")
    undo.new()
    guarded.close()


# ---- random writes ----

def snapshot_diff(before, after):
    """Keys whose rows differ, per table."""
    out = {}
    for table in after:
        keys = {key for key in set(before[table]) | set(after[table])
                if before[table].get(key) != after[table].get(key)}
        if keys:
            out[table] = keys
    return out


class Kept:
    def __init__(self, undo, sql, before, after):
        self.undo, self.sql, self.before, self.after = undo, sql, before, after
        self.touched = snapshot_diff(before, after)

    def is_in_the_way(self, now):
        return any(now[table].get(key) != self.after[table].get(key)
                   for table, keys in self.touched.items() for key in keys)


def take_back(cursor, undo, kept):
    """Returns the error's text, or ""."""
    what = error_of(lambda: cursor.execute("odbcguard undo " + kept.undo))
    undo.new()
    return what


def look(direct, cursor, entry, wrong, false_conflicts):
    """Whether a conflict is told; it must be what is. Nothing is changed."""
    now = undo_schema.snapshot(direct)
    is_in_the_way = entry.is_in_the_way(now)
    what = error_of(lambda: cursor.execute("odbcguard undo %s check" % entry.undo))
    if undo_schema.snapshot(direct) != now:
        wrong.append("a look changed rows: " + entry.sql)
    if is_in_the_way and not what and not is_as_before(entry, now):
        wrong.append("a conflict was not seen: " + entry.sql)
    if what and not is_in_the_way and "constraint" not in what and "foreign key" not in what:
        false_conflicts.append((entry.sql, what))
    return what


def is_as_before(entry, now):
    return all(now[table].get(key) == entry.before[table].get(key)
               for table, keys in entry.touched.items() for key in keys)


class TakingBack:
    """All sets, in random order as far as conflicts let them. Where that took away the ground of another set,
    the undos are undone, newest first, and the sets taken back in their order."""

    def __init__(self, chance, direct, cursor, undo, kept, wrong):
        self.chance, self.direct, self.cursor, self.undo = chance, direct, cursor, undo
        self.kept, self.wrong, self.false_conflicts = kept, wrong, []
        self.conflicts = self.out_of_order = self.undos_undone = 0
        self.done = []  # (entry, the set of its undo), newest last

    def take(self, entry):
        """Whether it was taken back; whatever it touched is as before then, and nothing else changed."""
        before = undo_schema.snapshot(self.direct)
        what = error_of(lambda: self.cursor.execute("odbcguard undo " + entry.undo))
        by, now = self.undo.new(), undo_schema.snapshot(self.direct)
        if what:
            if now != before:
                self.wrong.append("refused, and changed rows: " + entry.sql)
            return False
        moved = {(table, key) for table, keys in snapshot_diff(before, now).items() for key in keys}
        if not is_as_before(entry, now) or moved - {(t, k) for t, keys in entry.touched.items() for k in keys}:
            self.wrong.append("not as before: " + entry.sql)
        self.kept.remove(entry)
        self.done.append((entry, by))
        return True

    def put_back(self):
        """The last undo is undone; its set waits again, in its place."""
        entry, by = self.done.pop()
        if by is not None:
            what = error_of(lambda: self.cursor.execute("odbcguard undo " + by))
            self.undo.new()
            if what:
                self.wrong.append("an undo cannot be undone: %s: %s" % (entry.sql, what))
        self.undos_undone += 1
        self.kept.append(entry)
        self.kept.sort(key=lambda one: one.number)

    def run(self):
        for number, entry in enumerate(self.kept):
            entry.number = number
        for entry in self.chance.sample(self.kept, len(self.kept)):
            if look(self.direct, self.cursor, entry, self.wrong, self.false_conflicts):
                self.conflicts += 1
            elif self.take(entry):
                self.out_of_order += 1
            else:
                self.wrong.append("a look found nothing, and it failed: " + entry.sql)
        is_strict = False
        while self.kept and not self.wrong:
            if self.chance.random() < 0.3:
                look(self.direct, self.cursor, self.chance.choice(self.kept), self.wrong, self.false_conflicts)
            if self.take(self.kept[-1]):
                continue
            if is_strict:
                self.wrong.append("the newest one cannot be taken back: " + self.kept[-1].sql)
            is_strict = True  # all of it again, newest first: that always can be
            while self.done and not self.wrong:
                self.put_back()


def random_writes(tap, engine, the_rig, dsn, direct, n):
    chance = random.Random(SEED)
    undo = Undo(the_rig)
    cursor = connect(dsn).cursor()
    start = undo_schema.checksum(direct)
    now = undo_schema.snapshot(direct)
    kept, refused, failed, at_once, wide, wrong = [], [], 0, 0, 0, []
    for _ in range(n):
        sql, values = undo_schema.random_write(chance, engine.name, now)
        what = error_of(lambda: cursor.execute(sql, *values))
        one, then = undo.new(), undo_schema.snapshot(direct)
        if what:
            if "odbcguard" in what:
                refused.append((sql, what))
            failed += 1
            if then != now:
                wrong.append("failed, and changed rows: " + sql)
        elif one is None and then != now:
            wrong.append("no set of: " + sql)
        elif one is not None:
            entry = Kept(one, sql, now, then)
            wide += undo_schema.is_wide(sql)
            if chance.random() < 0.3:
                at_once += 1
                what = take_back(cursor, undo, entry)
                if what or undo_schema.snapshot(direct) != now:
                    wrong.append("not taken back at once: %s: %s" % (sql, what))
                then = undo_schema.snapshot(direct)
            else:
                kept.append(entry)
        now = then
    tap.is_(wrong[:5], [], engine.name + ": random writes are kept, and those undone at once are gone")
    tap.is_([r for r in refused][:5], [], engine.name + ": none of them is refused")
    rest = TakingBack(chance, direct, cursor, undo, kept, wrong)
    rest.run()
    tap.is_(wrong[:5], [], engine.name + ": later ones in random order, until all are gone")
    tap.is_(rest.false_conflicts[:3], [], engine.name + ": where a conflict was told, a row was another")
    tap.is_(undo_schema.checksum(direct), start, engine.name + ": the checksum of every table is the start's")
    tap.note("%s: %d writes, %d failed by themselves, %d undone at once, %d over several tables; of the others %d in "
             "random order, %d told conflicts, %d undos undone"
             % (engine.name, n, failed, at_once, wide, rest.out_of_order, rest.conflicts, rest.undos_undone))
    tap.ok(wide * 2 > n - failed, engine.name + ": half of the writes met a cascade or a trigger", wide)
    tap.ok(rest.conflicts > 0 and rest.out_of_order > 0, engine.name + ": there were conflicts")


def control(tap, engine, the_rig, dsn, direct, write):
    """A change that no undo set holds: the comparison must see it."""
    undo = Undo(the_rig)
    cursor = connect(dsn).cursor()
    start = undo_schema.checksum(direct)
    cursor.execute("UPDATE people SET name = 'x' WHERE id = 1")
    one = undo.new()
    write("INSERT INTO people (id, name) VALUES (77, 'planted')")
    cursor.execute("odbcguard undo " + one)
    tap.ok(undo_schema.checksum(direct) != start, engine.name + ": control: a change outside of the sets shows")
    write("DELETE FROM people WHERE id = 77")
    tap.is_(undo_schema.checksum(direct), start, engine.name + ": control: and gone it does not")


class SQLite:
    name, schema = "SQLite", "main"


class PostgreSQL:
    name, schema = "PostgreSQL", "public"


def sqlite_direct(path):
    def run(sql):
        with sqlite3.connect(path, timeout=30) as db:
            db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            return db.execute(sql).fetchall()
    run.engine = "SQLite"
    return run


def sqlite_write(path):
    def run(sql):
        with sqlite3.connect(path, timeout=30) as db:
            db.execute(sql)
        db.close()
    return run


def run_sqlite(tap):
    the_rig = rig.Rig({"shop.yaml": POLICY % ('"*"', "required", "")}, CONFIG)
    path = the_rig.sqlite("shop", undo_schema.DDL["SQLite"], {"FKSupport": "1"})
    the_rig.start()
    direct, write = sqlite_direct(path), sqlite_write(path)
    story(tap, SQLite, the_rig, "shop-guarded", direct, write)
    transactions(tap, SQLite, the_rig, "shop-guarded", direct)
    forgetting(tap, SQLite, the_rig, "shop-guarded")
    random_writes(tap, SQLite, the_rig, "shop-guarded", direct, WRITES)
    many_in_one(tap, SQLite, the_rig, "shop-guarded", direct, WRITES // 8)
    concurrent(tap, SQLite, the_rig, "shop-guarded", direct, WRITES // 4)
    control(tap, SQLite, the_rig, "shop-guarded", direct, write)
    the_rig.close()


def run_postgresql(tap):
    the_rig = rig.Rig({"shop.yaml": POLICY % ('"*"', "required", "") + VOUCH}, CONFIG)
    the_rig.postgresql("shop", undo_schema.DDL["PostgreSQL"])
    the_rig.start()
    beside = pyodbc.connect("DSN=shop", autocommit=True)

    def direct(sql):
        return [tuple(row) for row in beside.cursor().execute(sql).fetchall()]

    def write(sql):
        beside.cursor().execute(sql)
    direct.engine = "PostgreSQL"
    story(tap, PostgreSQL, the_rig, "shop-guarded", direct, write)
    transactions(tap, PostgreSQL, the_rig, "shop-guarded", direct)
    truncate(tap, PostgreSQL, the_rig, "shop-guarded", direct)
    forgetting(tap, PostgreSQL, the_rig, "shop-guarded")
    random_writes(tap, PostgreSQL, the_rig, "shop-guarded", direct, WRITES)
    many_in_one(tap, PostgreSQL, the_rig, "shop-guarded", direct, WRITES // 8)
    concurrent(tap, PostgreSQL, the_rig, "shop-guarded", direct, WRITES // 4)
    control(tap, PostgreSQL, the_rig, "shop-guarded", direct, write)
    the_rig.close()


ENGINES = {"sqlite": run_sqlite, "postgresql": run_postgresql}


if __name__ == "__main__":
    rig.need_root()
    rig.each_alone(lambda tap, name: ENGINES[name](tap), list(ENGINES))
