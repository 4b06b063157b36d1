#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kill -9 of guardfs at random moments under four writers. Afterwards every row in the database has
its own intent in the ledger (found by the keyed digest of its exact statement), the chain verifies
after every restart, no call hung, and the writers went on by themselves.
OG_ROUNDS: rounds per engine (60), OG_SEED: seed of the moments."""
import hashlib
import hmac
import json
import mmap
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

WRITERS = 4
CALL_SECONDS = 15
FIRST_ID = 1000000
PER_WRITER = 10000000
# What the figures of a writer are: rows that were committed for certain, errors, new connections,
# the longest call in milliseconds, errors of a kind that must not be.
OK, ERRORS, CONNECTS, LONGEST_MS, STRANGE = range(5)
FIELDS = 5
GOOD_STATES = ("08S01", "HYT00", "08001", "08003", "08007", "42000")
# How guardfs names itself in what a client reads, and what an engine says under contention.
GOOD_TEXT = ("(71006)",)
BUSY = ("locked", "(5)", "(6)")


def statement(key):
    return "INSERT INTO orders VALUES (%d, 1, '2026-05-05', 1)" % key


# ---- a writer: a process of its own ----

class Writer:
    def __init__(self, dsn, number, figures, folder):
        self.dsn, self.number, self.folder = dsn, number, folder
        self.is_explicit = number % 2 == 1
        self.file = open(figures, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 0)
        self.key = FIRST_ID + number * PER_WRITER
        self.connection = None
        self.log = open(os.path.join(folder, "writer-%d.log" % number), "w")
        self.sure = open(os.path.join(folder, "sure-%d" % number), "w")

    def add(self, field, n=1, largest=False):
        at = 8 * (self.number * FIELDS + field)
        old = struct.unpack_from("q", self.map, at)[0]
        struct.pack_into("q", self.map, at, max(old, n) if largest else old + n)

    def timed(self, call, *arguments):
        begin = time.monotonic()
        signal.alarm(4 * CALL_SECONDS)  # a call that hangs ends the writer
        try:
            return call(*arguments)
        finally:
            signal.alarm(0)
            self.add(LONGEST_MS, int(1000 * (time.monotonic() - begin)), largest=True)

    def connect(self):
        self.connection = self.timed(
            lambda: pyodbc.connect("DSN=" + self.dsn, autocommit=not self.is_explicit, timeout=10))
        self.add(CONNECTS)

    def write(self):
        keys = []
        for _ in range(random.randint(2, 5) if self.is_explicit else 1):
            self.key += 1
            self.timed(self.connection.execute, statement(self.key))
            keys.append(self.key)
        if self.is_explicit:
            self.timed(self.connection.commit)
        for key in keys:
            self.sure.write("%d\n" % key)
        self.sure.flush()
        self.add(OK, len(keys))

    def note(self, error):
        state, text = error.args[0], str(error.args[-1])
        is_busy = state == "HY000" and any(part in text for part in BUSY)
        is_good = state in GOOD_STATES and any(part in text for part in GOOD_TEXT)
        self.add(ERRORS)
        if not is_good and not is_busy:
            self.add(STRANGE)
        self.log.write("%s%s %s\n" % ("" if is_good or is_busy else "STRANGE ", state, text))
        self.log.flush()

    def give_up(self):
        """Leaves the transaction; every third time the connection too."""
        try:
            if self.is_explicit:
                self.timed(self.connection.rollback)
            if random.random() < 0.67:
                return
            self.timed(self.connection.close)
        except pyodbc.Error as error:
            self.note(error)
        self.connection = None

    def run(self):
        parent = os.getppid()
        stop = os.path.join(self.folder, "stop-writers")
        while not os.path.exists(stop) and os.getppid() == parent:
            try:
                if not self.connection:
                    self.connect()
                self.write()
                # SQLite's lock is not fair: who never pauses starves the others
                time.sleep(random.random() * 0.02)
            except pyodbc.Error as error:
                self.note(error)
                if self.connection:
                    self.give_up()
                else:
                    time.sleep(0.02)


# ---- the test ----

class Figures:
    def __init__(self, path):
        with open(path, "wb") as file:
            file.write(bytes(8 * FIELDS * WRITERS))
        self.path = path

    def all(self, field):
        with open(self.path, "rb") as file:
            numbers = struct.unpack("%dq" % (FIELDS * WRITERS), file.read())
        return numbers[field::FIELDS]


def rows_in_database(the_rig, engine):
    sql = "SELECT id FROM orders WHERE id >= %d ORDER BY id" % FIRST_ID
    if engine == "SQLite":
        text = subprocess.run(["sqlite3", the_rig.path("data", "kill_s.db"), sql], text=True, check=True,
                              capture_output=True).stdout
    else:
        text = the_rig.psql("kill_p", sql)
    return [int(line) for line in text.split()]


def lines_of(folder):
    for name in sorted(os.listdir(folder)):
        if name.endswith(".jsonl") and name != "current.jsonl":
            with open(os.path.join(folder, name)) as file:
                yield from file


def read_ledger(folder):
    """Intents that let something run by digest, the ids of all intents, and those of outcomes."""
    by_digest, intents, outcomes = {}, set(), []
    for line in lines_of(folder):
        record = json.loads(line)
        guard = record["unmapped"]["guard"]
        if guard["record"] == "intent":
            intents.add(guard["statement"])
            if guard["verdict"] == "allow" and not guard["is_denied"]:
                by_digest.setdefault(guard["text_hmac"], []).append(record)
        elif guard["record"] == "outcome":
            outcomes.append((guard["statement"], guard["is_error"]))
    return by_digest, intents, outcomes


def digest_of(text_key, sql):
    return hmac.new(text_key, hashlib.sha256(sql.encode()).digest(), hashlib.sha256).hexdigest()


def without_intent(text_key, rows, folder):
    """Rows of the database that no intent in the ledger speaks of."""
    by_digest = read_ledger(folder)[0]
    return [key for key in rows if digest_of(text_key, statement(key)) not in by_digest]


def verify(the_rig):
    return the_rig.guardctl("verify", os.path.join(the_rig.state, "audit"))


def start_writers(the_rig, dsn, figures):
    return [subprocess.Popen([sys.executable, os.path.abspath(__file__), "writer", dsn, str(number),
                              figures.path, the_rig.folder])
            for number in range(WRITERS)]


def all_went_on(figures, writers, before, seconds=CALL_SECONDS + 15):
    """Waits until every writer has committed more than before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if all(now > old for now, old in zip(figures.all(OK), before)):
            return True
        if any(writer.poll() is not None for writer in writers):
            return False
        time.sleep(0.01)
    return False


def rounds_of_kills(the_rig, figures, writers, rounds):
    """Returns: rounds after which the chain did not verify, and rounds after which a writer stood."""
    broken, stood, slowest = [], [], 0.0
    for number in range(rounds):
        # sometimes at once, sometimes in the midst of the work
        time.sleep(random.choice((0, 0.01, 0.05, 0.1)) * random.random() * 4)
        the_rig.kill_daemon()
        if number % 10 == 9:
            time.sleep(0.5)  # now and then nobody is there for a while
        the_rig.start()
        before, begin = figures.all(OK), time.monotonic()
        result = verify(the_rig)
        if result.returncode != 0:
            broken.append((number, result.stdout + result.stderr))
        if not all_went_on(figures, writers, before):
            stood.append((number, before, figures.all(OK)))
            break
        slowest = max(slowest, time.monotonic() - begin)
    return broken, stood, slowest


def sure_rows(the_rig):
    rows = set()
    for number in range(WRITERS):
        with open(the_rig.path("sure-%d" % number)) as file:
            rows |= {int(line) for line in file.read().split()}
    return rows


def check_ledger(tap, the_rig, engine, rounds, figures):
    audit = os.path.join(the_rig.state, "audit")
    with open(os.path.join(the_rig.state, "keys", "text.key"), "rb") as file:
        text_key = file.read()
    rows = rows_in_database(the_rig, engine)
    by_digest, intents, outcomes = read_ledger(audit)
    missing = without_intent(text_key, rows, audit)
    tap.note("%s: %d rows committed, %d intents, %d outcomes, %d errors told to clients, %d connections" % (
        engine, len(rows), len(intents), len(outcomes), sum(figures.all(ERRORS)),
        sum(figures.all(CONNECTS))))
    tap.ok(len(rows) > 10 * rounds, engine + ": rows were written all along", len(rows))
    tap.is_(missing, [], engine + ": after %d kill -9 no committed row is without its intent" % rounds)
    tap.is_([key for key in rows if len(by_digest.get(digest_of(text_key, statement(key)), [])) > 1], [],
            engine + ": and none has two")
    tap.is_(sorted(sure_rows(the_rig) - set(rows)), [],
            engine + ": what a client was told is committed is in the database")
    tap.is_(len({name for name, _ in outcomes} - intents), 0,
            engine + ": no outcome is without its intent")
    tap.is_(len(outcomes), len({name for name, _ in outcomes}), engine + ": no statement ended twice")
    tap.ok(len(intents) - len(outcomes) <= 3 * WRITERS * (rounds + 1),
           engine + ": few intents are without an outcome: those in flight at a kill -9",
           (len(intents), len(outcomes)))
    pids = {record["actor"]["process"]["pid"] for records in by_digest.values() for record in records}
    tap.is_(len(pids), WRITERS, engine + ": the intents name the four processes")
    return rows, text_key


def control(tap, the_rig, engine, rows, text_key):
    """The same two checks on a copy without one intent must both fail."""
    copy = the_rig.path("copy-" + engine)
    shutil.copytree(os.path.join(the_rig.state, "audit"), copy)
    digest = digest_of(text_key, statement(rows[len(rows) // 2]))
    tap.is_(the_rig.guardctl("verify", copy).returncode, 0, engine + ": control: the copy verifies")
    for name in os.listdir(copy):
        if name.endswith(".jsonl"):
            with open(os.path.join(copy, name)) as file:
                lines = file.readlines()
            with open(os.path.join(copy, name), "w") as file:
                file.writelines(line for line in lines if digest not in line)
    tap.is_(without_intent(text_key, rows, copy), [rows[len(rows) // 2]],
            engine + ": control: an intent that is taken out is missed by the match")
    result = the_rig.guardctl("verify", copy)
    tap.is_(result.returncode, 1, engine + ": control: and by the chain")


def run_engine(tap, engine, rounds):
    the_rig = rig.Rig({"shop.yaml": rig.SHOP_POLICY}, rig.SHOP_CONFIG)
    if engine == "SQLite":
        database = the_rig.sqlite("kill_s", rig.SHOP_SQL, {"Timeout": "10000"})
        subprocess.run(["sqlite3", database, "PRAGMA journal_mode=WAL"], check=True, capture_output=True)
        dsn = "kill_s-guarded"
    else:
        the_rig.postgresql("kill_p", rig.SHOP_SQL)
        dsn = "kill_p-guarded"
    the_rig.start()
    figures = Figures(the_rig.path("figures"))
    writers = start_writers(the_rig, dsn, figures)
    try:
        tap.ok(all_went_on(figures, writers, [0] * WRITERS), engine + ": four writers write",
               figures.all(OK))
        broken, stood, slowest = rounds_of_kills(the_rig, figures, writers, rounds)
        the_rig.write("stop-writers", "")
        codes = [writer.wait(4 * CALL_SECONDS) for writer in writers]
    finally:
        for writer in writers:
            if writer.poll() is None:
                writer.kill()
    tap.is_(codes, [0] * WRITERS, engine + ": the writers end by themselves")
    tap.is_(broken, [], engine + ": the ledger verifies after each of %d kill -9" % rounds)
    tap.is_(stood, [], engine + ": after each kill -9 every writer went on by itself")
    tap.note("%s: all wrote again %.2f s after a restart at the latest" % (engine, slowest))
    tap.ok(max(figures.all(LONGEST_MS)) <= 1000 * CALL_SECONDS,
           engine + ": kill -9 hangs no call: the longest took %d ms" % max(figures.all(LONGEST_MS)))
    tap.ok(sum(figures.all(ERRORS)) > 0, engine + ": the clients noticed")
    strange = [line for number in range(WRITERS) for line in open(the_rig.path("writer-%d.log" % number))
               if line.startswith("STRANGE")]
    kinds = {}
    for number in range(WRITERS):
        for line in open(the_rig.path("writer-%d.log" % number)):
            line = line.replace(the_rig.folder, "...").strip()
            kinds[line] = kinds.get(line, 0) + 1
    for line, n in sorted(kinds.items(), key=lambda item: -item[1])[:8]:
        tap.note("%d times: %s" % (n, line))
    tap.ok(not strange, engine + ": every error after a kill -9 was a clear one", "".join(strange[:10]))
    rows, text_key = check_ledger(tap, the_rig, engine, rounds, figures)
    if rows:
        control(tap, the_rig, engine, rows, text_key)
    tap.is_(verify(the_rig).returncode, 0, engine + ": the ledger verifies at the end")
    the_rig.close()


def main():
    if sys.argv[1:2] == ["writer"]:
        Writer(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]).run()
        return
    rig.need_root()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all is put away
    tap = rig.Tap()
    rounds = int(os.environ.get("OG_ROUNDS", "60"))
    seed = int(os.environ.get("OG_SEED", "0")) or int(time.time())
    random.seed(seed)
    tap.note("OG_SEED=%d" % seed)
    only = os.environ.get("OG_ENGINE", "sp")
    for letter, engine in (("s", "SQLite"), ("p", "PostgreSQL")):
        if letter in only:
            run_engine(tap, engine, rounds)
    tap.done()


main()
