#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Undo sets where things go wrong: sets that are too large, a full disk, time over, processes killed between
write, set and commit, savepoints, locks, deadlocks and serialisation failures, rows that came and went. A write
under `undo: required` is never committed without its set; a set of a write that never was says so."""
import ctypes
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

KILLS = int(os.environ.get("OG_UNDO_KILLS", "8"))
SEED = int(os.environ.get("OG_UNDO_SEED", "8"))
POLICY = """
policy: %s
applies-to: {principals: ["*"], targets: [%s]}
writes: {undo: %s}
rules:
  - id: all
    when: {effect: [select, insert, update, delete, create, drop, set, session]}
    then: allow
"""
POLICIES = {name + ".yaml": POLICY % (name, name, undo) + more for name, undo, more in (
    ("shop", "required, undo-size: 1M", "vouch: {functions: [public.late, public.writes, public.passes_on]}\n"), ("loose", "optional, undo-size: 1M", ""),
    ("brief", "required, undo-keep: 1s", ""))}
CONFIG = """
people: {dora: ["uid:%d"]}
groups: {dba: [user:dora]}
roles: {admin: [group:dba], approver: [group:dba]}
""" % rig.APPROVER_UID
DDL = """
CREATE TABLE rows (id INTEGER PRIMARY KEY, v TEXT);
INSERT INTO rows VALUES (1, 'one'), (2, 'two'), (3, 'three');
CREATE TABLE many (id INTEGER PRIMARY KEY, v TEXT);
"""
KEYLESS = "CREATE TABLE keyless (k INTEGER, v TEXT);\n"
LATE = """
CREATE TABLE log (id serial PRIMARY KEY, what text);
CREATE TABLE watched (id integer PRIMARY KEY, v text);
INSERT INTO watched VALUES (1, 'a');
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO log(what) VALUES ('late'); RETURN NULL; END $$;
CREATE FUNCTION writes(i integer) RETURNS integer LANGUAGE plpgsql AS
  $$ BEGIN UPDATE watched SET v = 'by function' WHERE id = i; RETURN i; END $$;
CREATE FUNCTION passes_on(i integer) RETURNS integer LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN writes(i); END $$;
CREATE CONSTRAINT TRIGGER watched_late AFTER UPDATE ON watched DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION late();
CREATE TABLE parents (id integer PRIMARY KEY, v text);
CREATE TABLE kids (id integer PRIMARY KEY, parent integer REFERENCES parents(id));
INSERT INTO parents VALUES (1, 'a'), (2, 'b');
"""


def error_of(run):
    try:
        run()
        return ""
    except pyodbc.Error as error:
        return "%s %s" % (error.args[0], error.args[1] if len(error.args) > 1 else "")


def connect(dsn, autocommit=True):
    return pyodbc.connect("DSN=" + dsn, autocommit=autocommit)


class World:
    """One engine, three guarded names of one database."""

    def __init__(self, tap, name):
        self.tap, self.name = tap, name
        self.state = None
        self.rig = rig.Rig(POLICIES, CONFIG)
        if name == "sqlite":
            self.path = self.rig.sqlite("shop", DDL)
            for other in ("loose", "brief"):
                self.rig.add_dsn(other, dict(self.rig.sections["shop"]), "ODBCGuard ODBC2")
        else:
            self.rig.postgresql("shop", DDL + KEYLESS + LATE)
            for other in ("loose", "brief"):
                self.rig.add_dsn(other, dict(self.rig.sections["shop"]), "ODBCGuard")
        self.rig.start()
        self.cursor = connect("shop-guarded").cursor()

    def look(self, sql):
        if self.name != "sqlite":
            text = self.rig.psql("shop", sql)
            return [tuple(line.split("|")) for line in text.splitlines()]
        with sqlite3.connect(self.path, timeout=30) as db:
            return [tuple(str(value) for value in row) for row in db.execute(sql)]

    def direct(self, sql):
        if self.name == "sqlite":
            with sqlite3.connect(self.path, timeout=30) as db:
                db.execute(sql)
        else:
            self.rig.psql("shop", sql)

    def rows(self):
        return [row[0] for row in self.look("SELECT v FROM rows ORDER BY id")]

    def sets(self):
        return set(os.listdir(self.rig.path("mount", "undo")))

    def write(self, sql, cursor=None):
        seen = self.sets()
        (cursor or self.cursor).execute(sql)
        fresh = self.sets() - seen
        return fresh.pop() if fresh else None

    def state_of(self, undo):
        return self.rig.read("undo", undo, "summary").split("state: ")[1].split()[0]

    def wait_state(self, undo, *states):
        self.rig.wait(lambda: self.state_of(undo) in states, "state %s of %s" % (states, undo))

    def ok(self, condition, what, note=""):
        self.tap.ok(condition, self.name + ": " + what, note)

    def is_(self, got, wanted, what):
        self.tap.is_(got, wanted, self.name + ": " + what)

    def like(self, got, part, what):
        self.tap.like(got, part, self.name + ": " + what)


# ---- limits ----

def sizes(w):
    big = "x" * 700000
    w.cursor.execute("INSERT INTO many VALUES (1, ?)", big)
    told = error_of(lambda: w.cursor.execute("UPDATE many SET v = v || 'y'"))
    w.ok("undo-size" in told and "1048576" in told and "71001" in told,
         "a set over undo-size refuses the write, says the bound and what to do", told)
    w.is_(w.look("SELECT length(v) FROM many"), [("700000",)], "and nothing was changed")
    seen = w.sets()
    loose = connect("loose-guarded").cursor()
    w.is_(error_of(lambda: loose.execute("UPDATE many SET v = v || 'y'")), "", "optional lets it go on")
    w.is_((w.look("SELECT length(v) FROM many"), w.sets() - seen), ([("700001",)], set()), "without a set")
    w.ok(any("no undo set" in str(record) for record in w.rig.ledger()), "which the ledger says")
    if w.name != "sqlite":
        told = error_of(lambda: w.cursor.execute("INSERT INTO keyless VALUES (1, 'a')"))
        w.like(told, "has no key", "a table without a key is refused where required")
        w.is_(error_of(lambda: loose.execute("INSERT INTO keyless VALUES (1, 'a')")), "", "and written where optional")
    w.direct("DELETE FROM many")


def time_over(w):
    cursor = connect("brief-guarded").cursor()
    undo = w.write("UPDATE rows SET v = 'brief' WHERE id = 1", cursor)
    key = w.rig.path("state", "undo-keys", undo + ".key")
    w.ok(os.path.exists(key), "a set has a key")
    w.wait_state(undo, "forgotten")
    w.ok(not os.path.exists(key) and not os.path.exists(w.rig.path("state", "undo", undo + ".set")),
         "when its time is over key and set are gone")
    told = error_of(lambda: cursor.execute("odbcguard undo " + undo))
    w.like(told, "forgotten: its key is deleted", "and nobody takes it back")
    w.direct("UPDATE rows SET v = 'one' WHERE id = 1")


def came_and_went(w):
    undo = w.write("UPDATE rows SET v = 'new' WHERE id = 1")
    w.direct("DELETE FROM rows WHERE id = 1")
    told = error_of(lambda: w.cursor.execute("odbcguard undo " + undo))
    w.like(told, '"id" = 1: the row was deleted since', "a row that was deleted since is a conflict")
    w.direct("INSERT INTO rows VALUES (1, 'other')")
    told = error_of(lambda: w.cursor.execute("odbcguard undo " + undo))
    w.like(told, "was changed since", "one that came back another as well")
    w.direct("UPDATE rows SET v = 'new' WHERE id = 1")
    w.is_(error_of(lambda: w.cursor.execute("odbcguard undo " + undo)), "", "one that came back the same is none")
    w.is_(w.rows(), ["one", "two", "three"], "and is taken back")


def savepoints(w):
    guarded = connect("shop-guarded", autocommit=False)
    cursor = guarded.cursor()
    first = w.write("UPDATE rows SET v = 'first' WHERE id = 1", cursor)
    cursor.execute("SAVEPOINT Here")
    second = w.write("UPDATE rows SET v = 'second' WHERE id IN (1, 2)", cursor)
    cursor.execute("ROLLBACK TO SAVEPOINT here")
    w.wait_state(second, "rolled-back")
    w.is_(w.state_of(first), "open", "ROLLBACK TO takes back the sets since the savepoint, and no other")
    third = w.write("UPDATE rows SET v = v || '!' WHERE id IN (1, 2)", cursor)
    cursor.execute("SAVEPOINT deeper")
    fourth = w.write("DELETE FROM rows WHERE id = 2", cursor)
    cursor.execute("RELEASE SAVEPOINT deeper")
    guarded.commit()
    for undo in (first, third, fourth):
        w.wait_state(undo, "committed")
    w.is_(w.rows(), ["first!", "three"], "writes after it are kept and made")
    for undo in (fourth, third, first):
        w.is_(error_of(lambda: w.cursor.execute("odbcguard undo " + undo)), "", "and each can be taken back")
    w.is_(w.rows(), ["one", "two", "three"], "to the start")
    guarded.close()


def temporary(w):
    w.cursor.execute("CREATE TEMPORARY TABLE mine (id INTEGER PRIMARY KEY, v TEXT)")
    seen = w.sets()
    w.is_(error_of(lambda: w.cursor.execute("INSERT INTO mine VALUES (1, 'a')")), "",
          "a session's own temporary table is written")
    w.is_(w.sets() - seen, set(), "without a set")
    w.is_(error_of(lambda: w.cursor.execute("DROP TABLE mine")), "", "and dropped")


class Handles:
    """ODBC calls that pyodbc does not make."""

    def __init__(self, dsn):
        self.odbc = ctypes.CDLL("libodbc.so.2")
        self.env, self.dbc, self.stmt = (ctypes.c_void_p() for _ in range(3))
        self.odbc.SQLAllocHandle(1, None, ctypes.byref(self.env))
        self.odbc.SQLSetEnvAttr(self.env, 200, ctypes.c_void_p(3), 0)
        self.odbc.SQLAllocHandle(2, self.env, ctypes.byref(self.dbc))
        self.odbc.SQLConnect(self.dbc, dsn.encode(), -3, None, 0, None, 0)
        self.odbc.SQLAllocHandle(3, self.dbc, ctypes.byref(self.stmt))

    def close(self):
        self.odbc.SQLFreeHandle(3, self.stmt)
        self.odbc.SQLDisconnect(self.dbc)


def other_doors(w):
    """Prepared before it is kept; through a result; by a function that a SELECT calls."""
    start, h = w.rows(), Handles("shop-guarded")
    h.odbc.SQLPrepare(h.stmt, b"DELETE FROM rows", -3)
    taken = []
    for _ in range(2):
        seen = w.sets()
        w.is_((h.odbc.SQLExecute(h.stmt), w.rows()), (0, []), "a prepared DELETE of everything runs")
        taken.append((w.sets() - seen).pop())
        w.is_(error_of(lambda: w.cursor.execute("odbcguard undo " + taken[-1])), "", "and is taken back")
        w.is_(w.rows(), start, "each time")
    h.close()
    h = Handles("shop-guarded")
    number, text = ctypes.c_int(), ctypes.create_string_buffer(20)
    lengths = (ctypes.c_ssize_t * 2)(4, -3)
    for attribute, value in ((6, 3), (7, 4)):  # a keyset, and the right to write through it
        h.odbc.SQLSetStmtAttr(h.stmt, attribute, ctypes.c_void_p(value), 0)
    h.odbc.SQLExecDirect(h.stmt, b"SELECT id, v FROM rows ORDER BY id", -3)
    h.odbc.SQLBindCol(h.stmt, 1, -16, ctypes.byref(number), 4, ctypes.byref(lengths, 0))
    h.odbc.SQLBindCol(h.stmt, 2, 1, text, 20, ctypes.byref(lengths, ctypes.sizeof(ctypes.c_ssize_t)))
    h.odbc.SQLFetchScroll(h.stmt, 1, 0)
    seen, undos = w.sets(), []
    for what, call in (("update", lambda: h.odbc.SQLSetPos(h.stmt, 1, 2, 0)),
                       ("delete", lambda: h.odbc.SQLSetPos(h.stmt, 1, 3, 0)),
                       ("insert", lambda: h.odbc.SQLBulkOperations(h.stmt, 4))):
        text.value, lengths[0], lengths[1] = b"through", 4, -3
        number.value = 9 if what == "insert" else 1
        code, fresh = call(), w.sets() - seen
        seen |= fresh
        w.is_((code, len(fresh)), (0, 1), "a row that a result's cursor writes (%s) has a set" % what)
        undos += fresh
    h.close()
    for undo in reversed(undos):
        w.is_(error_of(lambda: w.cursor.execute("odbcguard undo " + undo)), "", "and is taken back")
    w.is_(w.rows(), start, "to the start")
    for name in ("writes", "passes_on") if w.name != "sqlite" else ():
        undo = w.write("SELECT %s(1)" % name)
        w.ok(undo, "what a vouched function writes has a set: " + name)
        w.cursor.fetchall()
        w.is_(error_of(lambda: w.cursor.execute("odbcguard undo " + undo)), "", "and is taken back")
    if w.name != "sqlite":
        w.is_(error_of(lambda: w.cursor.execute("CREATE TABLE made AS SELECT writes(1)")), "",
              "a table that is made has no rows to keep")
        w.direct("DROP TABLE made; UPDATE watched SET v = 'a'; DELETE FROM log")


# ---- processes that are killed ----

CLIENT = """
import pyodbc, sys
cursor = pyodbc.connect("DSN=shop-guarded", autocommit=True).cursor()
print("ready", flush=True)
for i in range(int(sys.argv[1]), int(sys.argv[1]) + 100000):
    cursor.execute("INSERT INTO many VALUES (?, 'k')", i)
"""
SINGLE = """
import pyodbc, sys
cursor = pyodbc.connect("DSN=shop-guarded", autocommit=True).cursor()
print("ready", flush=True)
cursor.execute(sys.argv[1])
"""


def spawn(program, *arguments):
    child = subprocess.Popen([sys.executable, "-c", program] + list(arguments), stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)
    child.stdout.readline()
    return child


def kill(child):
    child.kill()
    child.communicate()


def compare(w, fresh, states):
    """Rows of the table against sets; a look settles those that nobody told of. Counts states."""
    by_row, wrong = {}, []
    for one in fresh:
        states[w.state_of(one)] = states.get(w.state_of(one), 0) + 1
        if w.state_of(one) != "rolled-back":
            by_row[re.search(r'WHERE "id" = (\d+)', w.rig.read("undo", one, "undo.sql")).group(1)] = one
    there = {row[0] for row in w.look("SELECT id FROM many")}
    wrong += ["row %s was committed without a set" % row for row in there - set(by_row)]
    for row, one in by_row.items():
        if w.state_of(one) == "committed" and row not in there:
            wrong.append("%s says committed, and there is no row %s" % (one, row))
        elif w.state_of(one) == "unclear":
            error_of(lambda: w.cursor.execute("odbcguard undo %s check" % one))
            if (w.state_of(one) == "rolled-back") != (row not in there):
                wrong.append("%s: a look does not settle it: %s" % (one, w.state_of(one)))
    return wrong


def random_kills(w):
    """Clients die anywhere; guardfs now and then."""
    chance, seen, states = random.Random(SEED), w.sets(), {}
    for i in range(KILLS):
        child = spawn(CLIENT, str(1 + 1000000 * i))
        before, n = len(w.sets()), chance.randrange(1, 6)
        w.rig.wait(lambda: len(w.sets()) >= before + n, "writes", 60)
        time.sleep(chance.random() * 0.02)
        if i % 4 == 3:
            w.rig.kill_daemon()
            kill(child)
            subprocess.run(["umount", "-l", w.rig.mount], stderr=subprocess.DEVNULL)
            w.rig.start()
        else:
            kill(child)
    w.cursor = connect("shop-guarded").cursor()
    fresh = w.sets() - seen
    w.rig.wait(lambda: not any(w.state_of(one) == "open" for one in fresh), "ends", 60)
    w.rig.wait(lambda: w.name == "sqlite" or w.look("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'")
               == [("0",)], "sessions of the killed")
    w.is_(compare(w, fresh, states)[:5], [], "%d times killed: no write without its set, no set without its write but "
          "shown as such" % KILLS)
    there = w.look("SELECT id FROM many")
    w.ok(len(there) > KILLS, "rows were written", len(there))
    w.tap.note("%s: %d rows, sets: %s" % (w.name, len(there), states))
    w.direct("INSERT INTO many VALUES (77, 'planted')")
    w.is_(compare(w, fresh, {}), ["row 77 was committed without a set"], "control: a row without a set shows")
    w.direct("DELETE FROM many")


def killed_before_the_set(w):
    """guardfs stands still while the set is on its way, and the client dies."""
    seen = w.sets()
    child = spawn(SINGLE, "UPDATE rows SET v = 'never' WHERE id = 1")
    child.wait()
    w.is_(w.rows()[0], "never", "control: with nobody killed it is written")
    w.direct("UPDATE rows SET v = 'one' WHERE id = 1")
    child = subprocess.Popen([sys.executable, "-c", SINGLE.replace('print("ready", flush=True)', "input()"),
                              "UPDATE rows SET v = 'never' WHERE id = 1"], stdin=subprocess.PIPE, text=True)
    time.sleep(1)
    os.kill(w.rig.guardfs.pid, signal.SIGSTOP)
    child.stdin.write("\n")
    child.stdin.flush()
    time.sleep(0.5)
    child.kill()
    child.communicate()
    os.kill(w.rig.guardfs.pid, signal.SIGCONT)
    w.rig.wait(lambda: all(w.state_of(one) != "open" for one in w.sets() - seen), "ends")
    w.is_(w.rows()[0], "one", "killed before its set is kept: not written")


def killed_at_the_commit(w):
    """The set is kept, the commit hangs, the client dies."""
    seen = w.sets()
    if w.name == "sqlite":
        db = sqlite3.connect(w.path)
        db.execute("BEGIN")
        db.execute("SELECT * FROM rows").fetchone()  # a reader keeps the commit waiting
    else:
        w.rig.psql("shop", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        w.rig.psql("shop", "SELECT pg_reload_conf()")
        time.sleep(0.3)
    child = spawn(SINGLE, "UPDATE rows SET v = 'hung' WHERE id = 1")
    w.rig.wait(lambda: w.sets() - seen, "the set")
    time.sleep(0.3)
    undo = (w.sets() - seen).pop()
    w.is_(w.state_of(undo), "open", "before the commit its set is kept and open")
    kill(child)
    if w.name == "sqlite":
        db.close()
    else:
        w.rig.psql("shop", "SET synchronous_commit = off; ALTER SYSTEM RESET synchronous_standby_names")
        w.rig.psql("shop", "SELECT pg_reload_conf()")
    w.wait_state(undo, "unclear")
    w.rig.wait(lambda: w.name == "sqlite" or w.rows()[0] == "hung", "the server's end of it")
    was_written = w.rows()[0] == "hung"
    told = error_of(lambda: w.cursor.execute("odbcguard undo " + undo))
    w.is_((told, w.rows()[0]), ("", "one"), "killed at the commit (%s): taken back, or nothing to take back"
          % ("it was written" if was_written else "it was not written"))
    w.is_(w.state_of(undo), "undone" if was_written else "rolled-back", "and its set says which")


def full_disk(w):
    """guardfs' folder for sets has no room."""
    folder = w.rig.path("state", "undo")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k,mode=0700", "tmpfs", folder], check=True)
    w.rig.stop()
    subprocess.run(["umount", "-l", w.rig.mount], stderr=subprocess.DEVNULL)
    w.rig.start()
    w.cursor = connect("shop-guarded").cursor()
    try:
        w.cursor.execute("INSERT INTO many VALUES (1, ?)", "f" * 20000)
        told = error_of(lambda: w.cursor.execute("INSERT INTO many VALUES (2, ?)", "f" * 300000))
        w.ok("No space left" in told and "free space" in told, "a full disk refuses the write, and says so", told)
        w.is_(w.look("SELECT id FROM many"), [("1",)], "which is not made")
        w.is_(error_of(lambda: w.cursor.execute("INSERT INTO many VALUES (3, 'small')")), "",
              "what was half written is gone: a smaller one has room")
    finally:
        w.rig.stop()
        subprocess.run(["umount", "-l", folder], check=True)
    w.rig.start()
    w.cursor = connect("shop-guarded").cursor()
    w.direct("DELETE FROM many")


# ---- other sessions ----

def locked(w):
    undo = w.write("UPDATE rows SET v = 'l' WHERE id = 3")
    if w.name == "sqlite":
        other = sqlite3.connect(w.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    else:
        other = connect("shop", autocommit=False)
        other.execute("SELECT * FROM rows WHERE id = 3 FOR UPDATE")
    started = time.monotonic()
    told = error_of(lambda: w.cursor.execute("odbcguard undo " + undo))
    w.ok("locked" in told or "hold these rows: try again" in told, "rows that others hold are told", told)
    w.ok(time.monotonic() - started < 60, "after a while")
    other.rollback()
    w.is_(error_of(lambda: w.cursor.execute("odbcguard undo " + undo)), "", "and taken back later")
    other.close()


def in_thread(run):
    out = []
    thread = threading.Thread(target=lambda: out.append(error_of(run)))
    thread.start()
    return thread, out


def serialisation(w):
    undo = w.write("UPDATE rows SET v = 's' WHERE id = 3")
    other = connect("shop", autocommit=False)
    other.execute("UPDATE rows SET v = 'mine' WHERE id = 3")
    strict = connect("shop-guarded").cursor()
    strict.execute("SET default_transaction_isolation = 'repeatable read'")
    thread, out = in_thread(lambda: strict.execute("odbcguard undo " + undo))
    time.sleep(0.5)
    other.commit()
    thread.join()
    w.like(out[0], "try again", "a serialisation failure is told")
    w.like(error_of(lambda: strict.execute("odbcguard undo " + undo)), "was changed since", "the next try finds why")
    w.direct("UPDATE rows SET v = 's' WHERE id = 3")
    w.is_(error_of(lambda: strict.execute("odbcguard undo " + undo)), "", "and takes it back once it is so again")


def deadlock(w):
    undo = w.write("UPDATE rows SET v = v || 'd' WHERE id IN (1, 3)")
    other = connect("shop", autocommit=False)
    first = None
    for row in (1, 3):  # which of the two is locked first is not for us to know
        other.execute("SELECT * FROM rows WHERE id = %d FOR UPDATE" % row)
        thread, out = in_thread(lambda: w.cursor.execute("odbcguard undo " + undo))
        time.sleep(0.3)
        first = error_of(lambda: other.execute("SELECT * FROM rows WHERE id = %d FOR UPDATE" % (4 - row)))
        other.rollback()
        thread.join()
        if "deadlock" in out[0] or "40P01" in first:
            break
        if not out[0]:
            undo = w.write("UPDATE rows SET v = v || 'd' WHERE id IN (1, 3)")
    w.ok("deadlock with another transaction: try again" in out[0] or "40P01" in first,
         "a deadlock ends for one of the two, and is told", (out, first))
    if out[0]:
        w.is_(error_of(lambda: w.cursor.execute("odbcguard undo " + undo)), "", "the next try takes it back")
    w.is_(w.rows(), ["one", "two", "three"], "all of it")


def rows_of_others(w):
    """Rows that others committed and locked after a snapshot are none of its changes."""
    guarded = connect("shop-guarded", autocommit=False)
    cursor = guarded.cursor()
    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    cursor.execute("SELECT count(*) FROM parents").fetchall()
    w.direct("INSERT INTO parents VALUES (50, 'fresh')")
    w.direct("INSERT INTO kids VALUES (1, 50)")
    w.direct("INSERT INTO kids VALUES (2, 2)")
    undo = w.write("UPDATE parents SET v = 'rr' WHERE id = 1", cursor)
    w.like(w.rig.read("undo", undo, "summary"), "changed: 1 row of public.parents updated\n",
           "REPEATABLE READ: only its own changes are in the set")
    guarded.commit()
    w.is_(error_of(lambda: w.cursor.execute("odbcguard undo " + undo)), "", "and taken back")
    guarded.close()


def late_triggers(w):
    undo = w.write("UPDATE watched SET v = 'b'")
    w.like(w.rig.read("undo", undo, "summary"), "1 row of public.log inserted",
           "with autocommit what a deferred trigger writes is in the set")
    guarded = connect("shop-guarded", autocommit=False)
    told = error_of(lambda: guarded.cursor().execute("UPDATE watched SET v = 'c'"))
    w.like(told, "runs at the commit", "in an open transaction such a write is refused where required")
    guarded.rollback()
    guarded.close()
    w.is_(error_of(lambda: w.cursor.execute("odbcguard undo " + undo)), "", "the first is taken back")
    w.is_(w.look("SELECT count(*) FROM log WHERE what = 'late'"), [("0",)], "with what the trigger wrote")


def large_table(w):
    """Rows are found where they are: at the end, in holes, under other keys, many of them."""
    w.direct("INSERT INTO many SELECT g, repeat('x', 1000) FROM generate_series(1, 3000) g")
    w.direct("DELETE FROM many WHERE id BETWEEN 200 AND 400")
    w.direct("VACUUM many")
    start = w.look("SELECT count(*), sum(id), md5(string_agg(id || v, ',' ORDER BY id)) FROM many")
    for sql, changed in (
            ("INSERT INTO many VALUES (300, 'in a hole')", "1 row of public.many inserted"),
            ("INSERT INTO many SELECT g, repeat('y', 2000) FROM generate_series(4001, 4300) g",
             "300 rows of public.many inserted"),
            ("UPDATE many SET v = 'one' WHERE id = 1500", "1 row of public.many updated"),
            ("UPDATE many SET v = repeat('z', 1500) WHERE id BETWEEN 1000 AND 1299", "300 rows of public.many updated"),
            ("UPDATE many SET id = id + 10000 WHERE id < 5", "4 rows of public.many updated"),
            ("UPDATE many SET id = 3001 - id WHERE id IN (1, 3000)", None),
            ("DELETE FROM many WHERE id % 100 = 7", "28 rows of public.many deleted"),
            ("WITH d AS (DELETE FROM many WHERE id < 100 RETURNING id) INSERT INTO many SELECT id + 20000, 'moved' FROM d",
             "99 rows of public.many")):
        undo = None
        what = error_of(lambda: w.write(sql)) if changed is None else ""
        if changed is None:
            w.like(what, "duplicate key", "a write that fails by itself fails in the server's words")
            continue
        undo = w.write(sql)
        w.like(w.rig.read("undo", undo, "summary"), changed, "a large table: " + sql[:50])
        w.is_(error_of(lambda: w.cursor.execute("odbcguard undo " + undo)), "", "is taken back")
        w.is_(w.look("SELECT count(*), sum(id), md5(string_agg(id || v, ',' ORDER BY id)) FROM many"), start,
              "to the start")
    w.direct("DELETE FROM many")


def run(tap, name):
    w = World(tap, name)
    for part in (sizes, time_over, came_and_went, savepoints, temporary, locked, other_doors):
        part(w)
    for part in (serialisation, deadlock, rows_of_others, late_triggers, large_table) if name != "sqlite" else ():
        part(w)
    for part in (killed_before_the_set, killed_at_the_commit, random_kills, full_disk):
        part(w)
    w.is_(w.rows(), ["one", "two", "three"], "in the end all is as in the beginning")
    w.rig.close()


if __name__ == "__main__":
    rig.need_root()
    rig.each_alone(run, ["sqlite", "postgresql"])
