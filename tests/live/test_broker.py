#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The broker placement as a boundary. A reader fetches every masked column by every way, and then its whole
memory, its files and what it can reach are searched for the real values and the target's password; the same
search inline finds them. An account with a shell tries to get round. Workers are killed in every state of a
statement, clients die in the middle, and what is sent over the link is rubbish."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

HERE = os.path.dirname(os.path.abspath(__file__))
READER = os.path.join(rig.BUILD, "tests/live/broker_reader")
ROWS = 60
QUERY = "SELECT * FROM secrets ORDER BY id"
POLICY = rig.SHOP_POLICY.replace('''  - columns: [customers.email]
''', '''  - columns: [secrets.word]
    mask: fixed
  - columns: [secrets.note]
    mask: sql-null
  - columns: [secrets.code]
    mask: token
  - columns: [customers.email]
''', 1).replace('''  - id: orders
''', '''  - id: secrets
    when: {effect: [insert, update, delete], tables: [secrets]}
    then: allow
  - id: orders
''', 1)


def canary(row, column):
    """A value that nothing else in a process looks like, put together here alone."""
    return "%s-%s-%04d" % (column[::-1] * 2, "z" + "qj" * 3, 7919 * row % 9973)


def secrets_sql():
    rows = "".join("INSERT INTO secrets VALUES (%d, '%s', '%s', '%s');\n" % (
        i, canary(i, "word"), canary(i, "note"), canary(i, "code")) for i in range(1, ROWS + 1))
    return ("CREATE TABLE secrets (id INTEGER PRIMARY KEY, word VARCHAR(60), note VARCHAR(60), "
            "code VARCHAR(60));\n" + rows)


CANARIES = [canary(i, c) for i in range(1, ROWS + 1) for c in ("word", "note", "code")]


# ---- the search ----

def memory_of(pid):
    """Every readable byte of a process."""
    for line in open("/proc/%d/maps" % pid):
        span, rights = line.split()[:2]
        if rights[0] != "r" or "[v" in line:
            continue
        begin, end = (int(x, 16) for x in span.split("-"))
        try:
            with open("/proc/%d/mem" % pid, "rb", 0) as memory:
                memory.seek(begin)
                while begin < end:
                    part = memory.read(min(end - begin, 1 << 24))
                    if not part:
                        break
                    begin += len(part)
                    yield part
        except OSError:
            continue


def forms(text):
    return text.encode(), text.encode("utf-16-le")


def found_in(parts, words):
    parts = list(parts)
    return {w for w in words if any(f in part for f in forms(w) for part in parts)}


def search(tap, the_rig, dsn, words):
    """Runs the reader as another account; the words that its memory holds, at both stops."""
    reader = subprocess.Popen(
        ["setpriv", "--reuid", str(rig.REQUESTER_UID), "--regid", str(rig.REQUESTER_UID), "--clear-groups",
         READER, dsn, QUERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=dict(os.environ, HOME="/nonexistent"))
    found, ways, maps = {}, [], ""
    for line in reader.stdout:
        line = line.strip()
        if line.startswith("way "):
            ways.append(line)
        elif line in ("holding", "freed"):
            found[line] = found_in(memory_of(reader.pid), words)
            maps += open("/proc/%d/maps" % reader.pid).read()
            reader.stdin.write("go\n")
            reader.stdin.flush()
        else:
            tap.note(line)
    reader.wait()
    tap.is_((reader.returncode, len(ways)), (0, 9), dsn + ": every way of fetching reads every row")
    return found, maps


def scanner(tap, the_rig, inline_rig, name):
    words = CANARIES + [the_rig.held_password]
    found, maps = search(tap, inline_rig, "inline-" + name, words)
    share = len(found.get("holding", set()) & set(CANARIES)) / len(CANARIES)
    tap.ok(share >= 0.95, name + ": the search finds what is there: inline %.0f %% of the values" % (100 * share))
    tap.ok("psqlodbc" in maps or "sqlite3odbc" in maps, name + ": inline the real driver is in the process")
    found, maps = search(tap, the_rig, name + "-guarded", words)
    tap.is_(found, {"holding": set(), "freed": set()},
            name + ": over the broker no real value and no password is in the client's memory")
    tap.ok("psqlodbc" not in maps and "sqlite3odbc" not in maps and "libodbcguard" in maps,
           name + ": nor is the real driver")


# ---- where the pieces are ----

def workers(the_rig):
    """Processes of odbcguard-worker under this guardfs."""
    out = []
    for vault in children(the_rig.guardfs.pid):
        for pid in children(vault):
            try:
                if os.readlink("/proc/%d/exe" % pid).endswith("odbcguard-worker"):
                    out.append(pid)
            except OSError:
                pass
    return out


def children(pid):
    return [int(p) for p in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True,
                                           text=True).stdout.split()]


def vault_of(the_rig):
    for pid in children(the_rig.guardfs.pid):
        if open("/proc/%d/comm" % pid).read().strip() == "guardfs-vault":
            return pid
    return None


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def attempt(call):
    """What a call said: its result, or the error's text."""
    try:
        return ("ok", call())
    except pyodbc.Error as error:
        return (error.args[0], error.args[1] if len(error.args) > 1 else str(error))


def where(tap, the_rig, name):
    before = set(workers(the_rig))
    connection = pyodbc.connect("DSN=%s-guarded" % name, autocommit=True)
    new = [p for p in workers(the_rig) if p not in before]
    tap.is_(len(new), 1, name + ": each session has a worker")
    status = open("/proc/%d/status" % new[0]).read()
    tap.ok(re.search(r"Uid:\s+65534\s+65534\s+65534\s+65534", status), name + ": it has an account of its own")
    tap.ok(re.search(r"NoNewPrivs:\s+1", status) and re.search(r"Seccomp:\s+2", status) and
           re.search(r"CapEff:\s+0+\n", status), name + ": no new rights, a filter, no capability")
    limits = open("/proc/%d/limits" % new[0]).read()
    tap.ok(re.search(r"Max core file size\s+0\s+0", limits), name + ": no core dumps")
    shown = open("/proc/%d/cmdline" % new[0]).read() + open("/proc/%d/environ" % new[0]).read()
    tap.ok(the_rig.held_password not in shown, name + ": no password in its arguments and environment")
    words = [the_rig.held_password]
    tap.is_(found_in(memory_of(the_rig.guardfs.pid), words), set(), name + ": nor in guardfs' own memory")
    tap.is_(found_in(memory_of(vault_of(the_rig)), words), set(), name + ": nor in the vault's, once handed on")
    connection.close()
    tap.ok(wait_for(lambda: new[0] not in workers(the_rig)), name + ": the worker ends with its session")
    files = subprocess.run(["grep", "-rlF", the_rig.held_password, the_rig.mount, the_rig.state,
                            the_rig.path("guardfs.log")], capture_output=True, text=True).stdout
    tap.is_(files, "", name + ": no password in the mount, the state folder and the log")


# ---- refused at the door ----

def doors(tap, the_rig, name):
    dsn = "DSN=%s-guarded" % name
    for more, part in ((";UID=x;PWD=y", "takes no UID"), (";PWD=y", "takes no PWD"),
                       (";Database=/etc/passwd", "takes no Database"), (";LoadExt=x", "takes no LoadExt")):
        state, text = attempt(lambda: pyodbc.connect(dsn + more))
        tap.ok(state == "08001" and "(71008)" in text and part in text, name + ": a client's own%s is refused"
               % more.split("=")[0].replace(";", " "), text)
    state, text = attempt(lambda: pyodbc.connect(dsn + ";GuardPlacement=inline"))
    tap.ok(state == "08001" and "(71008)" in text and "by guardfs alone" in text,
           name + ": inline is refused for a target that guardfs holds", text)
    section = dict(the_rig.sections[name + "-guarded"])
    del section["GuardPlacement"]
    the_rig.sections[name + "-default"] = section
    the_rig.write_odbc()
    before = len(workers(the_rig))
    state, result = attempt(lambda: pyodbc.connect("DSN=%s-default" % name))
    tap.ok(state == "ok" and len(workers(the_rig)) == before + 1, name + ": without GuardPlacement a worker is "
           "asked for", result)
    if state == "ok":
        result.close()
    state, text = attempt(lambda: pyodbc.connect("DSN=%s-default;UID=x;PWD=y" % name))
    tap.ok(state == "08001" and "(71008)" in text, name + ": and credentials are refused there too", text)


# ---- ends ----

def records(the_rig, kind):
    return [r for r in the_rig.ledger() if kind in json.dumps(r)]


STATES = {
    "idle": lambda c, s: None,
    "prepared": lambda c, s: s.execute("SELECT id FROM secrets WHERE id = ?", 1),
    "in a transaction": lambda c, s: s.execute("INSERT INTO orders VALUES (900, 1, '2026-01-01', 1)"),
    "in the middle of rows": lambda c, s: s.execute("SELECT id FROM secrets").fetchone(),
}


def kills(tap, the_rig, name):
    for how, prepare in STATES.items():
        other = pyodbc.connect("DSN=%s-guarded" % name, autocommit=True)
        before = set(workers(the_rig))
        connection = pyodbc.connect("DSN=%s-guarded" % name)
        cursor = connection.cursor()
        prepare(connection, cursor)
        new = [p for p in workers(the_rig) if p not in before]
        seen = len(records(the_rig, "ended by signal 9"))
        os.kill(new[0], signal.SIGKILL)
        state, text = attempt(lambda: connection.cursor().execute("SELECT count(*) FROM orders").fetchone())
        tap.ok(state == "08S01", name + ": a worker killed %s is 08S01" % how, (state, text))
        state, text = attempt(connection.close)
        tap.ok(state in ("ok", "08S01", "08003"), name + ": and the connection can be closed", (state, text))
        tap.ok(wait_for(lambda: len(records(the_rig, "ended by signal 9")) == seen + 1),
               name + ": and it is recorded")
        tap.is_(attempt(lambda: other.cursor().execute(
            "SELECT count(*) FROM orders WHERE id = 900").fetchval()), ("ok", 0),
            name + ": nothing of it stays, and another session goes on")
        other.close()


SLOW = {
    "shop_s": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000000) "
              "SELECT count(*) FROM n",
    "shop_p": "SELECT count(*) FROM generate_series(1, 20000) a, generate_series(1, 200000) b",
}
DIES = """
import pyodbc, sys
c = pyodbc.connect("DSN=" + sys.argv[1])
c.cursor().execute("INSERT INTO orders VALUES (901, 1, '2026-01-01', 1)")
print("inserted", flush=True)
c.cursor().execute(sys.argv[2]).fetchone()
"""
RUNS = """
import pyodbc, sys
c = pyodbc.connect("DSN=" + sys.argv[1], autocommit=True)
print("begins", flush=True)
try:
    c.cursor().execute(sys.argv[2]).fetchone()
    print("ended")
except pyodbc.Error as e:
    print("error", e.args[0])
"""


def running(tap, the_rig, name):
    """A worker that is killed while a statement runs, and a client that dies there."""
    before = set(workers(the_rig))
    client = subprocess.Popen([sys.executable, "-c", RUNS, name + "-guarded", SLOW[name]],
                              stdout=subprocess.PIPE, text=True)
    client.stdout.readline()
    time.sleep(1)
    new = [p for p in workers(the_rig) if p not in before]
    tap.is_(len(new), 1, name + ": a long statement runs in its worker")
    os.kill(new[0], signal.SIGKILL)
    tap.like(client.communicate(timeout=60)[0], "error 08S01", name + ": a worker killed there is 08S01")
    before = set(workers(the_rig))
    client = subprocess.Popen([sys.executable, "-c", DIES, name + "-guarded",
                               SLOW[name].replace("20000)", "20001)")],
                              stdout=subprocess.PIPE, text=True)
    client.stdout.readline()
    time.sleep(1)
    new = [p for p in workers(the_rig) if p not in before]
    client.kill()
    client.wait()
    tap.ok(wait_for(lambda: not set(new) & set(workers(the_rig)), 30),
           name + ": a client's death ends its worker, though a statement runs")
    direct = pyodbc.connect("DSN=" + name, autocommit=True)
    tap.is_(direct.cursor().execute("SELECT count(*) FROM orders WHERE id = 901").fetchval(), 0,
            name + ": and rolls back")
    if name == "shop_p":
        tap.ok(wait_for(lambda: direct.cursor().execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series(1, 20001)%' "
            "AND pid <> pg_backend_pid()").fetchval() == 0, 30), name + ": and cancels at the server")
    direct.close()


def ended(tap, the_rig, name):
    """rmdir of a session: a statement that runs is cancelled, and nothing runs on in its worker."""
    before = set(os.listdir(os.path.join(the_rig.mount, "sessions")))
    client = subprocess.Popen([sys.executable, "-c", RUNS, name + "-guarded", SLOW[name]],
                              stdout=subprocess.PIPE, text=True)
    client.stdout.readline()
    time.sleep(1)
    new = [s for s in os.listdir(os.path.join(the_rig.mount, "sessions")) if s not in before]
    tap.is_(len(new), 1, name + ": a long statement runs in a session")
    os.rmdir(os.path.join(the_rig.mount, "sessions", new[0]))
    try:
        said = client.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        client.kill()
        said = "it runs on"
    tap.like(said, "error", name + ": rmdir of the session cancels what runs in it")
    tap.ok(wait_for(lambda: not workers(the_rig), 30), name + ": and its worker is gone with the client")


def rights(the_rig, database):
    """The file of the database is the workers' alone."""
    os.chown(database, 65534, 65534)
    os.chmod(database, 0o600)
    os.chown(os.path.dirname(database), 65534, 65534)
    os.chmod(os.path.dirname(database), 0o700)


def make_rig(is_held):
    the_rig = rig.Rig({"shop.yaml": POLICY}, rig.SHOP_CONFIG)
    the_rig.is_broker = False
    the_rig.database = the_rig.sqlite("shop_s", rig.SHOP_SQL + secrets_sql())
    if is_held:
        the_rig.hold("shop_s")
    if rig.os.path.exists(rig.PG_BIN + "/initdb"):
        the_rig.postgresql("shop_p", rig.SHOP_SQL + secrets_sql())
        if is_held:
            the_rig.hold("shop_p")
            with_password(the_rig)
    the_rig.start()
    return the_rig


def with_password(the_rig):
    """PostgreSQL takes the workers' account by its password alone."""
    the_rig.psql("postgres", "CREATE ROLE worker LOGIN SUPERUSER PASSWORD '%s'" % the_rig.held_password)
    hba = the_rig.path("pg", "pg_hba.conf")
    text = open(hba).read()
    open(hba, "w").write("host all worker 127.0.0.1/32 scram-sha-256\n" + text)
    the_rig.psql("postgres", "SELECT pg_reload_conf()")
    the_rig.held["shop_p"]["keys"]["Username"] = "worker"


def main():
    rig.need_root()
    tap = rig.Tap()
    inline_rig = make_rig(False)
    the_rig = make_rig(True)
    for name in ("shop_s", "shop_p"):
        if name in the_rig.held:
            the_rig.sections["inline-" + name] = dict(inline_rig.sections[name + "-guarded"])
            the_rig.sections["inline-" + name]["GuardTargetDSN"] = "of-" + name
            the_rig.sections["of-" + name] = inline_rig.sections[name]
    the_rig.write_odbc()
    for name in the_rig.held:
        scanner(tap, the_rig, inline_rig, name)
        where(tap, the_rig, name)
        doors(tap, the_rig, name)
        kills(tap, the_rig, name)
        running(tap, the_rig, name)
        ended(tap, the_rig, name)
    tap.is_(the_rig.guardctl("verify", os.path.join(the_rig.mount, "audit")).returncode, 0,
            "the ledger verifies after all of it")
    tap.done()


if __name__ == "__main__":
    main()
