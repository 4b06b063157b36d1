#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Trying a write leaves nothing behind, on SQLite and PostgreSQL: no row, no notification, no lock, no limit of
its own, no setting that a trigger makes, no number in the session; what does stay (a sequence) is told. Each
of these looks is taken once more after the same write ran, and finds it there. Then approvals at the same
time: as many of the waiting clients run as the grant has uses, and two answers to one revision are one."""
import hashlib
import os
import re
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
from asked import Shop  # noqa: E402

TABLES = """
CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT, n INTEGER);
CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT);
CREATE TABLE slow (id INTEGER PRIMARY KEY);
INSERT INTO jobs VALUES (1, 'new', 0), (2, 'new', 0), (3, 'new', 0);
"""
TRIGGER_S = ("CREATE TRIGGER tell AFTER INSERT ON jobs BEGIN INSERT INTO log (id, what) VALUES (7000 + NEW.id, 'i'); "
             "END;")
TRIGGER_P = """
CREATE SEQUENCE numbers;
CREATE TABLE side (id INTEGER PRIMARY KEY);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
  INSERT INTO log VALUES (nextval('numbers') + 7000, 'i');
  PERFORM pg_notify('jobs', 'told'), set_config('work_mem', '5MB', false), lo_create(0);
  CREATE TABLE IF NOT EXISTS made (id INTEGER);
  RETURN NULL; END$$;
CREATE TRIGGER tell AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION tell();
CREATE FUNCTION sleeps() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(NEW.id); RETURN NULL; END$$;
CREATE TRIGGER sleeps AFTER INSERT ON slow FOR EACH ROW EXECUTE FUNCTION sleeps();
"""

POLICY = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
limits: {runtime: 2s}
vouch: {functions: [public.tell, public.sleeps], rehearse: [public.tell, public.sleeps]}
rules:
  - id: read
    when: {effect: [select, set, session, pragma]}
    then: allow
  - id: free
    when: {effect: [insert, update, delete], tables: [log]}
    then: allow
  - id: writes
    when: {effect: [insert, update, delete, merge], tables-except: [log]}
    then: approve
    by: {group: dba, within: 30m}
"""
INSERT = "INSERT INTO jobs VALUES (%d, 'x', 1)"


class Listener:
    """Another session that listens."""

    def __init__(self, the_rig, database):
        self.psql = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", str(the_rig.port), "-U", "og", "-d", database],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask("LISTEN jobs;")

    def ask(self, sql):
        """What came until now."""
        self.psql.stdin.write(sql + "\nSELECT 'end';\n")
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            if line.strip() == "end":
                break
            lines.append(line)
        return "".join(lines)

    def heard(self):
        # it comes with the first answer after the commit, so one is waited for
        return (self.ask("SELECT pg_sleep(0.1);") + self.ask("SELECT 1;")).count("Asynchronous")

    def close(self):
        self.psql.stdin.close()
        self.psql.wait()


def looks_postgresql(shop, connection, listener):
    """Everything that the write of a row could leave."""
    cursor = connection.cursor()
    pid = cursor.execute("SELECT pg_backend_pid()").fetchone()[0]
    locks = shop.one("SELECT count(*) FROM pg_locks WHERE pid = %d AND locktype IN ('relation', 'transactionid', "
                     "'tuple') AND mode <> 'AccessShareLock'" % pid)
    limits = [cursor.execute("SHOW " + name).fetchone()[0] for name in ("lock_timeout", "statement_timeout")]
    return {"rows": [tuple(r) for r in shop.direct.cursor().execute(
                "SELECT id FROM jobs UNION ALL SELECT id FROM log ORDER BY 1").fetchall()],
            "notified": listener.heard(), "locks": locks, "limits": limits,
            "large objects": shop.one("SELECT count(*) FROM pg_largeobject_metadata"),
            "tables made": shop.one("SELECT count(*) FROM pg_class WHERE relname = 'made'"),
            "setting": cursor.execute("SHOW work_mem").fetchone()[0],
            "state": shop.direct.cursor().execute("SELECT state FROM pg_stat_activity WHERE pid = %d" % pid)
            .fetchone()[0]}


def looks_sqlite(shop, connection, path):
    cursor = connection.cursor()
    return {"rows": [tuple(r) for r in shop.direct.cursor().execute(
                "SELECT id FROM jobs UNION ALL SELECT id FROM log ORDER BY 1").fetchall()],
            "file": hashlib.sha256(open(path, "rb").read()).hexdigest(),
            "last row": cursor.execute("SELECT last_insert_rowid()").fetchone()[0],
            "journal": os.path.exists(path + "-journal") and os.path.getsize(path + "-journal") > 0}


def nothing_stays(shop, look, autocommit):
    """The looks before and after a rehearsal are the same; after the same write they differ."""
    tap, kind = shop.tap, "autocommit" if autocommit else "a transaction"
    connection = shop.guarded(autocommit=autocommit)
    cursor = connection.cursor()
    cursor.execute("INSERT INTO log VALUES (%d, 'mine')" % (500 + autocommit))
    connection.commit()
    key = 50 + autocommit
    before = look(connection)
    connection.commit()
    name, text, error = shop.request(lambda: cursor.execute(INSERT % key))
    tap.ok(name and "log: 1 inserted" in text, shop.name("%s: a write is rehearsed" % kind), text + error)
    connection.rollback()
    after = look(connection)
    connection.rollback()
    if shop.engine == "PostgreSQL":
        tap.like(text, "sequence public.numbers was moved by it and stays so", shop.name("what stays is told"))
    for what, value in before.items():
        tap.is_(after[what], value, shop.name("%s: nothing stays: %s" % (kind, what)))
    shop.answer(name)
    cursor.execute(INSERT % key)
    connection.commit()
    ran = look(connection)
    connection.commit()
    for what in ran:
        if what not in ("locks", "limits", "state", "journal"):
            tap.ok(ran[what] != before[what] or (what, autocommit) in seen_twice,
                   shop.name("%s: control: once it ran the same look finds it: %s" % (kind, what)), ran[what])
    connection.close()


# what the second run of the same trigger does not change any more
seen_twice = {("tables made", False)}


def lock_control(shop):
    """The look for locks finds those of a write that did run in an open transaction."""
    connection = shop.guarded(autocommit=False)
    cursor = connection.cursor()
    cursor.execute("UPDATE log SET what = 'l' WHERE id = 500")
    pid = cursor.execute("SELECT pg_backend_pid()").fetchone()[0]
    shop.tap.ok(shop.one("SELECT count(*) FROM pg_locks WHERE pid = %d AND locktype IN ('relation', "
                         "'transactionid', 'tuple') AND mode <> 'AccessShareLock'" % pid) > 0,
                shop.name("control: locks that are held are seen"))
    connection.rollback()
    connection.close()


def limits(shop):
    """A rehearsal ends with the session's own limits, and with a cancel."""
    tap, connection = shop.tap, shop.guarded()
    cursor = connection.cursor()
    cursor.execute("SET statement_timeout = '400ms'")
    name, text, error = shop.request(lambda: cursor.execute("INSERT INTO slow VALUES (5)"))
    why = re.search("not rehearsed, because (.*)", text)
    tap.ok(why and "stopped" in why.group(1) and "10 seconds" not in why.group(1),
           shop.name("the session's own shorter limit ends a rehearsal, and the request says so"), text + error)
    tap.is_(cursor.execute("SHOW statement_timeout").fetchone()[0], "400ms", shop.name("and it stays the session's"))
    cursor.execute("SET statement_timeout = 0")
    name, text, error = shop.request(lambda: cursor.execute("INSERT INTO slow VALUES (6)"))
    tap.like(text, "not rehearsed, because it ran longer than 2 seconds and was stopped",
             shop.name("what policies give the statement ends it, too"))
    before, got = shop.pending(), []

    def run():
        try:
            cursor.execute("INSERT INTO slow VALUES (8)")
            got.append("it ran")
        except pyodbc.Error as error:
            got.append("%s %s" % (error.args[0], error.args[1]))

    thread = threading.Thread(target=run)
    thread.start()
    shop.rig.wait(lambda: shop.one("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND "
                                   "pid <> pg_backend_pid() AND query LIKE '%INSERT INTO slow%'"), "a rehearsal", 20)
    begin = time.monotonic()
    while thread.is_alive() and time.monotonic() - begin < 6:
        cursor.cancel()
        thread.join(0.2)
    thread.join()
    tap.ok(got and ("HY008" in got[0] or "57014" in got[0]), shop.name("SQLCancel ends a rehearsal: as cancelled"), got)
    tap.is_(shop.pending() - before, set(), shop.name("and nobody is asked"))
    tap.is_(shop.one("SELECT count(*) FROM slow"), 0, shop.name("and nothing stays"))
    connection.close()


def at_once(shop, n, uses, how):
    """n clients of one principal wait with the same statement. Returns how many ran."""
    sql = "UPDATE jobs SET n = n + 1 WHERE id = 1"
    for name in shop.pending():
        shop.answer(name, "s/^decision: pending/decision: deny/; s/^reason:/reason: tidy/")
    shop.write("UPDATE jobs SET n = 0")
    got, before = [], shop.pending()

    def run():
        try:
            with shop.guarded(";GuardApprovalTimeout=6") as connection:
                connection.cursor().execute(sql)
                got.append("ran")
        except pyodbc.Error as error:
            got.append(error.args[0])

    threads = [threading.Thread(target=run) for _ in range(n)]
    for thread in threads:
        thread.start()
    shop.rig.wait(lambda: shop.pending() - before, "a request", 30)
    time.sleep(1)
    new = shop.pending() - before
    shop.tap.is_(len(new), 1, shop.name("%s: %d clients with one statement make one request" % (how, n)))
    shop.answer(new.pop(), "s/^decision: pending/decision: approve/; s/^reason:/reason: fine/; s/^\\.\\.\\.$/%s.../"
                % uses)
    for thread in threads:
        thread.join()
    ran = got.count("ran")
    shop.tap.is_(shop.one("SELECT n FROM jobs WHERE id = 1"), ran, shop.name(how + ": each that ran ran once"))
    return ran


def approvers(shop):
    """Answers to one revision at the same time, each by all ways at once."""
    tap, cursor = shop.tap, shop.guarded().cursor()
    done = {"answered": 0, "twice": 0}
    for i in range(12):
        name, _, error = shop.request(lambda: cursor.execute("UPDATE jobs SET n = %d WHERE id = 2" % (i + 100)))
        path = shop.path(name)
        deny = "s/^decision: pending/decision: deny/; s/^reason:/reason: no/"
        approve = "s/^decision: pending/decision: approve/; s/^reason:/reason: yes/"
        both = [subprocess.Popen(["setpriv", "--reuid", str(rig.APPROVER_UID), "--regid", str(rig.APPROVER_UID),
                                  "--clear-groups", "sed", "-i", how, path], stderr=subprocess.DEVNULL)
                for how in (approve, deny)]
        good = [p.wait() == 0 for p in both]
        where = [f for f in ("approved", "denied", "pending", "expired")
                 if name in os.listdir(os.path.join(shop.rig.mount, "approvals", f))]
        done["answered"] += where in (["approved"], ["denied"]) and sum(good) >= 1
        try:
            cursor.execute("UPDATE jobs SET n = %d WHERE id = 2" % (i + 100))
            ran = True
        except pyodbc.Error:
            ran = False
        done["twice"] += ran != (where == ["approved"])
    tap.is_(done, {"answered": 12, "twice": 0}, shop.name("approve and deny at once: one of them holds, and it alone"))


def main():
    tap = rig.Tap()
    rig.need_root()
    the_rig = rig.Rig({"shop.yaml": POLICY}, rig.SHOP_CONFIG)
    path = the_rig.sqlite("quiet_s", TABLES + TRIGGER_S)
    the_rig.postgresql("quiet_p", TABLES + TRIGGER_P)
    the_rig.start()
    shop = Shop(tap, the_rig, "PostgreSQL", "quiet_p")
    listener = Listener(the_rig, "quiet_p")
    for autocommit in (True, False):
        nothing_stays(shop, lambda c: looks_postgresql(shop, c, listener), autocommit)
    listener.close()
    lock_control(shop)
    limits(shop)
    approvers(shop)
    tap.is_(at_once(shop, 6, "", "single use"), 1, shop.name("single use: one of six runs"))
    tap.is_(at_once(shop, 6, "uses: 3\\n", "three uses"), 3, shop.name("control: of three uses three run"))
    shop = Shop(tap, the_rig, "SQLite", "quiet_s")
    for autocommit in (True, False):
        nothing_stays(shop, lambda c: looks_sqlite(shop, c, path), autocommit)
    tap.done()


main()
