#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What goes wrong and how it shows: wrong keys, no guardfs, a guardfs killed in the midst, two of them,
broken policies, a dead mount, a full disk, junk on the socket, text that is no text, ended sessions.
Everything is refused with a clear error in bounded time, and goes on once the cause is gone."""
import ctypes
import os
import re
import signal
import socket
import struct
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

CALL_SECONDS = 15
MANY = 3000  # rows of a result that is still being read when guardfs dies
INSERT = "INSERT INTO orders VALUES (%d, 1, '2026-05-05', 1)"


class Bench:
    """One engine's data source under one guardfs."""

    def __init__(self, tap, the_rig, engine, sql=""):
        self.tap, self.rig, self.engine = tap, the_rig, engine
        self.database = "fail_" + ("s" if engine == "SQLite" else "p")
        self.dsn = self.database + "-guarded"
        if engine == "SQLite":
            the_rig.sqlite(self.database, rig.SHOP_SQL + sql)
        else:
            the_rig.postgresql(self.database, rig.SHOP_SQL + sql)

    def name(self, text):
        return "%s: %s" % (self.engine, text)

    def connect(self, extra="", **more):
        return pyodbc.connect("DSN=%s;%s" % (self.dsn, extra), autocommit=True, **more)

    def ids(self, table="orders"):
        sql = "SELECT id FROM %s ORDER BY id" % table
        if self.engine == "SQLite":
            text = subprocess.run(["sqlite3", self.rig.path("data", self.database + ".db"), sql], text=True,
                                  check=True, capture_output=True).stdout
        else:
            text = self.rig.psql(self.database, sql)
        return [int(line) for line in text.split()]


def attempt(call, *arguments, **more):
    """Returns: what came or the error's text, and how long it took."""
    begin = time.monotonic()
    try:
        result = call(*arguments, **more)
    except (pyodbc.Error, UnicodeError) as error:
        result = "%s %s" % (error.args[0], error.args[-1])
    return result, time.monotonic() - begin


def refused(bench, call, parts, name):
    """The call must fail soon, with all these parts in its error."""
    result, seconds = attempt(call)
    bench.tap.ok(isinstance(result, str) and all(part in result for part in parts), bench.name(name),
                 "got: %s\nwanted in it: %s" % (result, parts))
    bench.tap.ok(seconds < CALL_SECONDS, bench.name(name + ", in bounded time"), seconds)
    return result


def verify(the_rig):
    return the_rig.guardctl("verify", os.path.join(the_rig.state, "audit"))


def works(bench, name, connection=None):
    """A statement runs, on a connection that may have to come back first."""
    end, result = time.monotonic() + CALL_SECONDS, None
    while time.monotonic() < end:
        result, _ = attempt(lambda: (connection or bench.connect()).execute(
            "SELECT name FROM customers WHERE id = 1").fetchval())
        if result == "Ann":
            break
        time.sleep(0.1)
    bench.tap.is_(result, "Ann", bench.name(name))


# ---- the connection's own mistakes ----

def wrong_keys(bench):
    refused(bench, lambda: bench.connect("GuardFoo=1"), ["08001", "(71008)", "GuardFoo"],
            "an unknown Guard key fails the connect")
    refused(bench, lambda: bench.connect("GuardApproval=perhaps"), ["(71008)", "GuardApproval"],
            "a wrong value of a key fails the connect")
    for key, value in (("GuardPlacement", "broker"), ("GuardAgentToken", "e" + "yJ0.e30.x"),
                       ("GuardAgentTokenFile", "/nowhere"), ("GuardLogLevel", "7")):
        text = refused(bench, lambda: bench.connect("%s=%s" % (key, value)), [key],
                       "%s with what cannot be honoured here fails the connect" % key)
        bench.tap.ok(re.search(r"\(7100[78]\)", text) and "yJ0" not in text,
                     bench.name("%s: the error has its number and no secret" % key), text)
    refused(bench, lambda: pyodbc.connect("Driver=ODBCGuard ODBC2;GuardTargetDSN=nowhere;GuardSocket="
                                          + bench.rig.socket), ["08001", "nowhere"],
            "an unknown target fails the connect")
    refused(bench, lambda: pyodbc.connect("Driver=ODBCGuard ODBC2;GuardSocket=" + bench.rig.socket),
            ["08001", "(71008)", "GuardTargetDSN"], "no target at all fails the connect")
    refused(bench, lambda: bench.connect("GuardTargetDriver=SQLite3"), ["(71008)", "GuardTarget"],
            "two targets fail the connect")
    works(bench, "a right connection works beside them")


def token_in_environment(bench):
    path = bench.rig.path("token")
    bench.rig.write("token", "e" + "yJ0.e30.x", 0o600)
    os.environ["ODBCGUARD_TOKEN_FILE"] = path
    result, _ = attempt(bench.connect)
    del os.environ["ODBCGUARD_TOKEN_FILE"]
    if isinstance(result, str):
        bench.tap.ok("7100" in result and "yJ0" not in result,
                     bench.name("a token in the environment is refused, not dropped"), result)
    else:
        bench.tap.note(bench.name("ODBCGUARD_TOKEN_FILE is not read by this version"))
        result.close()


# ---- no guardfs ----

def not_running(bench):
    elsewhere = "GuardSocket=" + bench.rig.path("no-such.sock")
    text = refused(bench, lambda: bench.connect(elsewhere), ["08001", "(71006)"],
                   "without guardfs the connect fails")
    bench.tap.ok("guardctl status" in text or "is it running" in text,
                 bench.name("and says what to do next"), text)


def mute_guardfs(bench):
    """Somebody listens and never answers."""
    path = bench.rig.path("mute.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(path)
        server.listen(4)
        refused(bench, lambda: bench.connect("GuardSocket=" + path), ["08001", "(71006)"],
                "a guardfs that never answers fails the connect")
    os.unlink(path)


def killed_while_reading(bench):
    for columns, what in (("id, email", "masked"), ("id, country", "clear")):
        connection = bench.connect()
        cursor = connection.execute("SELECT %s FROM customers ORDER BY id" % columns)
        first = len(cursor.fetchmany(10))
        bench.rig.kill_daemon()
        time.sleep(0.05)
        result, seconds = attempt(cursor.fetchall)
        bench.tap.ok(first == 10 and isinstance(result, str) and "08S01" in result and "(71006)" in result,
                     bench.name("guardfs killed under a %s result: no more rows, a clear error" % what),
                     result if isinstance(result, str) else "%d rows more" % len(result))
        bench.tap.ok(seconds < CALL_SECONDS, bench.name("and soon (%s)" % what), seconds)
        refused(bench, lambda: connection.execute("SELECT 1"), ["08S01", "(71006)"],
                "nothing runs without guardfs (%s)" % what)
        bench.rig.start()
        works(bench, "the same connection goes on after the restart (%s)" % what, connection)
        connection.close()


def killed_while_waiting(bench):
    """Guardfs dies while a write waits for its approval."""
    result = {}

    def write():
        try:
            connection = bench.connect("GuardApprovalTimeout=60")
            connection.execute("DELETE FROM payments WHERE id = 4")
            result["text"] = "it ran"
        except pyodbc.Error as error:
            result["text"] = "%s %s" % (error.args[0], error.args[-1])

    pending = os.path.join(bench.rig.mount, "approvals/pending")
    before = set(os.listdir(pending))
    thread = threading.Thread(target=write)
    thread.start()
    bench.rig.wait(lambda: set(os.listdir(pending)) - before, "a request", 15)
    name = (set(os.listdir(pending)) - before).pop()
    bench.rig.kill_daemon()
    thread.join(CALL_SECONDS)
    bench.tap.ok(not thread.is_alive() and "(71006)" in result.get("text", ""),
                 bench.name("guardfs killed under a wait for approval: a clear error, soon"), result)
    bench.rig.start()
    bench.tap.ok(name in os.listdir(pending), bench.name("the request is still pending after the restart"))
    answer = bench.rig.as_uid(rig.APPROVER_UID, [
        "sed", "-i", "s/^decision: pending/decision: approve/", os.path.join(pending, name)])
    bench.tap.is_(answer.returncode, 0, bench.name("and can be approved"))
    bench.rig.kill_daemon()
    bench.rig.start()
    run, _ = attempt(lambda: bench.connect("GuardApproval=fail").execute(
        "DELETE FROM payments WHERE id = 4").rowcount)
    bench.tap.is_(run, 1, bench.name("a grant outlives a kill -9"))
    run, _ = attempt(lambda: bench.connect("GuardApproval=fail").execute(
        "DELETE FROM payments WHERE id = 4").rowcount)
    bench.tap.ok(isinstance(run, str) and "(71002)" in run, bench.name("and counts once"), run)


# ---- guardfs and its surroundings ----

def command_of_another(the_rig, **changed):
    options = {"mount": the_rig.path("mount2"), "state": the_rig.path("state2"),
               "socket": the_rig.path("guard2.sock"), "policies": the_rig.policies}
    options.update(changed)
    os.makedirs(the_rig.path("mount2"), exist_ok=True)
    program = rig.BUILD + "/guardfs"
    if not os.path.exists(program):
        program = rig.BUILD + "/fusefs/guardfs"
    arguments = [program, "--foreground"]
    for key, value in options.items():
        arguments += ["--" + key, value]
    return arguments


def start_another(the_rig, **changed):
    """One that should end by itself."""
    return subprocess.run(command_of_another(the_rig, **changed), capture_output=True, text=True,
                          timeout=CALL_SECONDS)


def without_policies(tap, the_rig):
    """A guardfs that has never had a policy set runs, and denies everything."""
    process = subprocess.Popen(command_of_another(
        the_rig, policies=the_rig.path("no-such-folder"), state=the_rig.path("state3")),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    health = the_rig.path("mount2", "health")
    the_rig.wait(lambda: os.path.exists(health), "the second guardfs")
    text = open(health).read()
    tap.ok(not text.startswith("ok") and "everything is denied" in text,
           "guardfs without a policy folder denies everything and says so in health", text)
    process.terminate()
    tap.is_(process.wait(10), 0, "and ends in good order")


def two_guardfs(tap, the_rig):
    second = start_another(the_rig, state=the_rig.state)
    tap.is_(second.returncode, 69, "a second guardfs on the same state folder leaves with 69")
    tap.like(second.stderr, "another guardfs uses this state folder", "and says why")
    second = start_another(the_rig, socket=the_rig.socket)
    tap.is_(second.returncode, 69, "a second guardfs on the same socket leaves with 69")
    tap.like(second.stderr, "answers at", "and says why")
    tap.ok(the_rig.is_ready(), "the first one goes on")
    without_policies(tap, the_rig)
    second = start_another(the_rig, mount=the_rig.path("no-such-mount"))
    tap.ok(second.returncode == 69 and "no-such-mount" in second.stderr,
           "guardfs without a mount point does not start and says so", second)
    the_rig.write("bad-config.yaml", "people: {dora: [uid:1\n")
    second = start_another(the_rig, config=the_rig.path("bad-config.yaml"))
    tap.ok(second.returncode == 78 and "bad-config.yaml" in second.stderr,
           "guardfs with a broken configuration leaves with 78 and says where", second)
    mounts = open("/proc/mounts").read()
    tap.ok(the_rig.path("mount2") not in mounts, "none of them leaves a mount behind")


def stale_mount(bench):
    the_rig = bench.rig
    # first the process that would unmount
    for pid in subprocess.run(["pgrep", "-P", str(the_rig.guardfs.pid)], capture_output=True,
                              text=True).stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    the_rig.kill_daemon()
    error = None
    try:
        os.stat(the_rig.mount)
    except OSError as caught:
        error = caught.errno
    bench.tap.is_(error, 107, bench.name("a killed guardfs leaves a dead mount"))
    the_rig.start()
    bench.tap.ok(the_rig.read("health").startswith("ok"), bench.name("the next one takes it over"))
    n = sum(the_rig.mount in line for line in open("/proc/mounts"))
    bench.tap.is_(n, 1, bench.name("and there is one mount, not two"))
    works(bench, "statements run after the takeover")
    # with only guardfs killed, the process that unmounts for it does its work
    os.kill(the_rig.guardfs.pid, signal.SIGKILL)
    the_rig.guardfs.wait()
    end = time.monotonic() + 5
    while time.monotonic() < end and the_rig.mount in open("/proc/mounts").read():
        time.sleep(0.05)
    bench.tap.ok(the_rig.mount not in open("/proc/mounts").read(),
                 bench.name("guardfs alone killed: its mount goes away"))
    the_rig.start()


def wait_for_health(the_rig, condition, what, seconds=10):
    def look():
        try:
            return condition(the_rig.read("health"))
        except OSError:
            return False
    the_rig.wait(look, what, seconds)
    return the_rig.read("health")


def broken_policies(tap, engine):
    broken = rig.SHOP_POLICY.replace("then: deny", "then: forbid")
    the_rig = rig.Rig({"shop.yaml": broken}, rig.SHOP_CONFIG)
    bench = Bench(tap, the_rig, engine)
    the_rig.start(wait=False)
    health = wait_for_health(the_rig, lambda text: True, "guardfs")
    tap.ok(not health.startswith("ok") and "shop.yaml" in health and "everything is denied" in health,
           bench.name("broken policies at the start: health says which and why"), health)
    problem = the_rig.read("policies/problem")
    tap.ok(re.search(r"shop\.yaml:\d+", problem), bench.name("and at which line"), problem)

    def first():
        connection = bench.connect()
        connection.execute("SELECT name FROM customers")

    refused(bench, first, ["(71001)"], "broken policies at the start: everything is denied")
    the_rig.write("policies/shop.yaml", rig.SHOP_POLICY)
    wait_for_health(the_rig, lambda text: text.startswith("ok"), "the good policy")
    works(bench, "once they are right, statements run")
    the_rig.write("policies/shop.yaml", broken)
    health = wait_for_health(the_rig, lambda text: "NOT in force" in text, "the note of broken policies")
    tap.ok(health.startswith("ok") and "shop.yaml" in health,
           bench.name("broken later: health says that the files are not in force"), health)
    works(bench, "broken later: the last good set decides")
    refused(bench, lambda: bench.connect().execute("DROP TABLE customers"), ["[shop/no-ddl]"],
            "broken later: and denies as before")
    the_rig.kill_daemon()
    the_rig.start()
    works(bench, "broken later, and a restart: the kept set decides")
    os.unlink(the_rig.path("policies", "shop.yaml"))
    time.sleep(2.5)
    result, _ = attempt(lambda: bench.connect().execute("DROP TABLE customers"))
    tap.ok(isinstance(result, str) and "(71001)" in result,
           bench.name("an emptied policy folder allows nothing new"), (result, the_rig.read("health")))
    the_rig.write("policies/shop.yaml", rig.SHOP_POLICY, 0o666)
    health = wait_for_health(the_rig, lambda text: "shop.yaml" in text, "the note of a file that anybody may write")
    tap.ok("shop.yaml" in health and "NOT in force" in health, bench.name("a policy that anybody may write is not taken, and named"), health)
    os.chmod(the_rig.path("policies", "shop.yaml"), 0o644)
    wait_for_health(the_rig, lambda text: text.strip() == "ok", "the good policy")
    works(bench, "with the right mode it is")
    the_rig.close()


# ---- a full disk ----

def fill(the_rig, filler):
    with open(filler, "ab", buffering=0) as file:
        for size in (65536, 4096, 256, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def full_disk(tap, engine):
    the_rig = rig.Rig({"shop.yaml": rig.SHOP_POLICY}, rig.SHOP_CONFIG)
    os.mkdir(the_rig.state, 0o700)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "og-test", the_rig.state])
    if done.returncode != 0:
        tap.note("no tmpfs can be mounted here: the full disk is not tested")
        return
    try:
        full_disk_on(tap, the_rig, Bench(tap, the_rig, engine))
    finally:
        the_rig.stop()
        subprocess.run(["umount", "-l", the_rig.state])
        the_rig.close()


def full_disk_on(tap, the_rig, bench):
    the_rig.start()
    filler = os.path.join(the_rig.state, "filler")
    connection, reader = bench.connect(), bench.connect()
    attempt(connection.execute, INSERT % 1000)
    fill(the_rig, filler)
    ran, errors = [1000], []
    for key in range(1001, 1100):
        result, seconds = attempt(connection.execute, INSERT % key)
        if isinstance(result, str):
            errors.append(result)
        else:
            ran.append(key)
        if seconds > CALL_SECONDS or len(errors) == 20:
            break
        fill(the_rig, filler)
    tap.ok(len(errors) == 20, bench.name("a full disk under the ledger: writes are refused"),
           (len(ran), len(errors)))
    tap.is_([key for key in bench.ids() if key >= 1000], ran,
            bench.name("only what was said to have run is in the database"))
    clear = [text for text in errors if "08S01" in text and "(71006)" in text and "No space left" in text]
    tap.is_(len(clear), len(errors), bench.name("each says that space is short (%s)" % errors[:1]))
    results = []
    for _ in range(4):
        results.append(attempt(lambda: reader.execute("SELECT name FROM customers").fetchall())[0])
        time.sleep(0.2)  # a read is not waited for: the refusal comes behind it
    tap.ok(all(isinstance(result, str) for result in results[1:]),
           bench.name("reads are refused too, from the second one at the latest"), results)
    refused(bench, lambda: bench.connect().execute(INSERT % 1500), ["(71006)"],
            "a new connection, or its first write, is refused")
    tap.ok(not the_rig.read("health").startswith("ok"), bench.name("health says so"), the_rig.read("health"))
    tap.is_(verify(the_rig).returncode, 0, bench.name("the ledger verifies while the disk is full"))
    os.unlink(filler)
    wait_for_health(the_rig, lambda text: text.startswith("ok"), "a ledger that can be written again")
    works(bench, "once there is space, the same connection goes on", connection)
    result, _ = attempt(lambda: connection.execute(INSERT % 2000).rowcount)
    tap.is_(result, 1, bench.name("and writes"))
    result = verify(the_rig)
    tap.is_(result.returncode, 0, bench.name("the ledger verifies after the full disk"))
    sequences = [record["metadata"]["sequence"] for record in the_rig.ledger()]
    tap.is_(sequences, list(range(1, len(sequences) + 1)), bench.name("without a gap"))
    intents = [r for r in the_rig.ledger() if r["unmapped"]["guard"]["record"] == "intent"
               and not r["unmapped"]["guard"]["is_denied"] and "insert" in str(r["unmapped"]["guard"].get("effects"))]
    tap.ok(len(intents) >= len(ran) + 1, bench.name("what ran on the last bytes has its intents"),
           (len(intents), len(ran)))
    # a start on a full disk
    the_rig.stop()
    fill(the_rig, filler)
    second = start_another(the_rig, state=the_rig.state)
    tap.ok(second.returncode in (69, 75) and second.stderr.startswith("guardfs: "),
           bench.name("guardfs does not start on a full disk, and says so"), second)
    os.unlink(filler)
    the_rig.start()
    works(bench, "and starts once there is space")


# ---- junk on the socket ----

def frame(number, fields=(), correlation=1, magic=b"OG", version=1, count=None):
    body = b""
    for field in fields:
        if isinstance(field, int):
            body += b"\x01" + struct.pack("<I", field)
        else:
            body += b"\x03" + struct.pack("<I", len(field)) + field
    return (magic + struct.pack("<BBIH", version, number, correlation,
                                len(fields) if count is None else count) + body)


def hello(target=b"fail_s", token=b"", placement=b"inline", versions=(1, 1)):
    return frame(1, (versions[0], versions[1], 0, b"test", b"raw", placement, target, b"", b"sqlite", b"main",
                     b"", b"", b"", b"", token, b"", b"raw", b"1"))


def talk(the_rig, *frames):
    """Sends frames over one connection. Returns: the kinds of the answers, whether it was closed."""
    kinds, text = [], b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4000000)
        peer.settimeout(3)
        peer.connect(the_rig.socket)
        for data in frames:
            try:
                peer.send(data)
            except OSError:
                return kinds, True, text
        peer.settimeout(0.5)
        while True:
            try:
                answer = peer.recv(1 << 20)
            except socket.timeout:
                return kinds, False, text
            except OSError:
                return kinds, True, text
            if not answer:
                return kinds, True, text
            kinds.append(answer[3])
            text += answer


def refused_frames(the_rig):
    return sum(1 for r in the_rig.ledger() if r["unmapped"]["guard"].get("what") in ("frame refused", "refused"))


def junk(bench):
    tap, the_rig = bench.tap, bench.rig
    honest = bench.connect()
    good = hello()
    cases = [
        ("zeros", (bytes(64),)),
        ("text", (b"GET / HTTP/1.1\r\n\r\n",)),
        ("one byte", (b"O",)),
        ("a cut hello", (good[:len(good) // 2],)),
        ("a header without its fields", (frame(1, (), count=18),)),
        ("a hello with bytes behind it", (good + b"more",)),
        ("a frame of 129 KiB", (good + bytes(129 * 1024),)),
        ("a frame of 1 MiB", (bytes(1 << 20),)),
        ("another magic", (b"GO" + good[2:],)),
        ("a length beyond the frame", (good[:12] + b"\xff\xff\xff\x7f" + good[16:],)),
        ("text with a NUL", (hello(target=b"a\0b"),)),
        ("text that is no UTF-8", (hello(target=b"\xff\xfe"),)),
        ("a kind nobody knows", (frame(200),)),
        ("a kind that guardfs sends", (frame(2, (1,)),)),
        ("an outcome before hello", (frame(9, (b"q-0000000000",)),)),
        ("junk after a good hello", (good, bytes(64))),
        ("a second hello", (good, good)),
        ("another's statement number", (good, frame(9, (b"q-0000000000",), correlation=2))),
        ("guardctl's messages from a driver", (good, frame(16, (), correlation=2))),
        ("a token", (hello(token=b"e" + b"yJ0.e30.x"),)),
        ("a placement that there is not", (hello(placement=b"broker"),)),
        ("a protocol from the future", (hello(versions=(7, 9)),)),
        ("no target", (hello(target=b""),)),
    ]
    for name, frames in cases:
        before = refused_frames(the_rig)
        kinds, is_closed, text = talk(the_rig, *frames)
        wants_session = frames[0] == good
        tap.ok(3 in kinds and (is_closed or wants_session) and (wants_session == (2 in kinds)),
               bench.name("on the socket: %s is refused" % name), (kinds, is_closed))
        tap.ok(b"yJ0" not in text, bench.name("on the socket: %s: nothing secret comes back" % name)) \
            if name == "a token" else None
        tap.ok(refused_frames(the_rig) > before, bench.name("on the socket: %s is in the ledger" % name))
    tap.is_(honest.execute("SELECT name FROM customers WHERE id = 1").fetchval(), "Ann",
            bench.name("an honest session lives on beside all that"))
    tap.ok("yJ0" not in the_rig.read("audit/current.jsonl"), bench.name("no token stands in the ledger"))
    for _ in range(300):  # connections that say nothing
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        peer.connect(the_rig.socket)
        peer.close()
    works(bench, "and beside 300 that hang up at once")
    mute = []
    for _ in range(520):
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        peer.settimeout(2)
        try:
            peer.connect(the_rig.socket)
        except OSError:
            peer.close()
            break
        mute.append(peer)
    other = the_rig.as_uid(rig.OTHER_UID, [sys.executable, "-c", "import pyodbc, sys; print(pyodbc.connect("
                           "sys.argv[1]).execute('SELECT name FROM customers WHERE id = 1').fetchval())",
                           "DSN=" + bench.dsn], timeout=CALL_SECONDS)
    tap.is_(other.stdout.strip(), "Ann", bench.name("500 mute connections of one account do not shut others out"))
    for peer in mute:
        peer.close()
    works(bench, "nor that account, once they are gone")


# ---- text that is no text ----

class Raw:
    """Enough plain ODBC to send bytes that Python would not."""

    def __init__(self, dsn):
        self.lib = ctypes.CDLL("libodbc.so.2")
        self.env, self.dbc, self.stmt = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
        self.lib.SQLAllocHandle(1, None, ctypes.byref(self.env))
        self.lib.SQLSetEnvAttr(self.env, 200, ctypes.c_void_p(3), 0)
        self.lib.SQLAllocHandle(2, self.env, ctypes.byref(self.dbc))
        text = ("DSN=" + dsn).encode()
        code = self.lib.SQLDriverConnect(self.dbc, None, text, ctypes.c_short(len(text)), None, 0, None, 0)
        if ctypes.c_short(code).value not in (0, 1):
            raise RuntimeError(self.diagnostic(2, self.dbc))
        self.lib.SQLAllocHandle(3, self.dbc, ctypes.byref(self.stmt))

    def diagnostic(self, kind, handle):
        state, native, text = ctypes.create_string_buffer(6), ctypes.c_int(), ctypes.create_string_buffer(1024)
        self.lib.SQLGetDiagRec(kind, handle, 1, state, ctypes.byref(native), text, 1024, None)
        return "%s (%d) %s" % (state.value.decode(), native.value, text.value.decode("utf-8", "replace"))

    def execute(self, function, text, n):
        code = ctypes.c_short(getattr(self.lib, function)(self.stmt, text, ctypes.c_int(n))).value
        result = code if code in (0, 1) else self.diagnostic(3, self.stmt)
        self.lib.SQLFreeStmt(self.stmt, 0)
        return result

    def close(self):
        self.lib.SQLFreeHandle(3, self.stmt)
        self.lib.SQLDisconnect(self.dbc)
        self.lib.SQLFreeHandle(2, self.dbc)
        self.lib.SQLFreeHandle(1, self.env)


def broken_text(bench):
    raw = Raw(bench.dsn)
    for name, text in (("a lone byte", b"SELECT 'a\xff' FROM customers"),
                       ("an overlong form", b"SELECT 'a\xc0\xaf' FROM customers"),
                       ("half a character", b"SELECT name FROM customers -- \xe2\x82"),
                       ("a surrogate", b"SELECT name FROM customers -- \xed\xa0\x80")):
        result = raw.execute("SQLExecDirect", text, len(text))
        bench.tap.ok("(71005)" in str(result) and "42000" in str(result),
                     bench.name("SQL that is no UTF-8 is refused: " + name), result)
    result = raw.execute("SQLExecDirect", b"SELECT name\0 FROM customers", 27)
    bench.tap.ok("(71005)" in str(result), bench.name("SQL with a zero byte inside is refused"), result)
    if bench.engine == "PostgreSQL":  # only its face has wide calls of its own
        for name, units in (("a lone high surrogate", "SELECT name FROM customers -- ".encode("utf-16-le")
                             + b"\x00\xd8"),
                            ("a lone low surrogate", "SELECT name FROM customers -- ".encode("utf-16-le")
                             + b"\x00\xdc" + "x".encode("utf-16-le"))):
            result = raw.execute("SQLExecDirectW", units + b"\0\0", len(units) // 2)
            bench.tap.ok("(71005)" in str(result), bench.name("SQL that is no UTF-16 is refused: " + name), result)
    good = b"SELECT name FROM customers WHERE id = 1"
    bench.tap.ok(raw.execute("SQLExecDirect", good, len(good)) in (0, 1),
                 bench.name("and what is text runs on the same connection"))
    raw.close()


# ---- sessions that somebody ends ----

def ended_sessions(bench):
    the_rig = bench.rig
    folder = os.path.join(the_rig.mount, "sessions")

    def open_sessions():
        found = set()
        for name in os.listdir(folder):
            if the_rig.read("sessions", name, "state").strip() == "open":
                found.add(name)
        return found

    before = open_sessions()
    connection, other = bench.connect(), bench.connect()
    mine = sorted(open_sessions() - before)
    bench.tap.is_(len(mine), 2, bench.name("both sessions are listed as open"))
    victim = next((n for n in mine if the_rig.read("sessions", n, "state").strip() == "open"), mine[0])
    stranger = the_rig.as_uid(rig.OTHER_UID, ["rmdir", os.path.join(folder, victim)])
    bench.tap.ok(stranger.returncode != 0, bench.name("a stranger cannot end a session"), stranger)
    bench.tap.is_(connection.execute("SELECT name FROM customers WHERE id = 1").fetchval(), "Ann",
                  bench.name("and it goes on"))
    admin = the_rig.as_uid(rig.APPROVER_UID, ["rmdir", os.path.join(folder, victim)])
    bench.tap.is_((admin.returncode, admin.stderr), (0, ""), bench.name("an admin ends a session with rmdir"))
    results = [attempt(lambda: c.execute("SELECT name FROM customers WHERE id = 1").fetchval())[0]
               for c in (connection, other)]
    bench.tap.is_(sorted(isinstance(r, str) and "ended by an administrator" in r for r in results),
                  [False, True], bench.name("its next statement says that an administrator ended it"))
    killed = connection if "ended" in str(results[0]) else other
    again, _ = attempt(lambda: killed.execute("SELECT 1").fetchval())
    bench.tap.ok("ended by an administrator" in str(again), bench.name("and so does the one after"), again)
    bench.tap.is_(the_rig.read("sessions", victim, "state").strip(), "killed", bench.name("it is listed as killed"))
    works(bench, "a new connection is welcome")
    record = [r["unmapped"]["guard"] for r in the_rig.ledger() if r["unmapped"]["guard"].get("what") == "killed"]
    bench.tap.ok(record and record[-1].get("by") == "user:dora", bench.name("the ledger says who ended it"),
                 record[-1:])
    # while rows are being read
    connection = bench.connect()
    name = (open_sessions() - before - set(mine)).pop()
    cursor = connection.execute("SELECT id, email FROM customers ORDER BY id")
    cursor.fetchmany(10)
    os.rmdir(os.path.join(folder, name))
    time.sleep(0.05)
    rest, _ = attempt(cursor.fetchall)
    bench.tap.ok(isinstance(rest, str), bench.name("an ended session hands out no more rows"), len(rest))


def many_customers():
    return "".join("INSERT INTO customers(id, name, email, country) VALUES (%d, 'N', 'n%d@example.com', 'DE');\n"
                   % (100 + i, i) for i in range(MANY))


PARTS = {"policies": broken_policies, "disk": full_disk}


def run_part(tap, part, engine):
    """A part with a set-up of its own runs as a process of its own: a driver manager reads odbc.ini once."""
    result = subprocess.run([sys.executable, os.path.abspath(__file__), part, engine], capture_output=True,
                            text=True, timeout=150)
    for line in result.stdout.splitlines():
        match = re.fullmatch(r"(ok|not ok) \d+ - (.*)", line)
        if match:
            tap.ok(match.group(1) == "ok", match.group(2))
        elif not re.fullmatch(r"1\.\.\d+", line):
            print(line)
    failed = result.returncode not in (0, 1) or "Traceback" in result.stderr or "\n1.." not in result.stdout
    tap.ok(not failed, "the part %s ran to its end" % part, result.stderr)


def main():
    rig.need_root()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all is put away
    tap = rig.Tap()
    if len(sys.argv) == 3:
        PARTS[sys.argv[1]](tap, sys.argv[2])
        tap.done()
    only = os.environ.get("OG_ENGINE", "sp")
    engines = [e for letter, e in (("s", "SQLite"), ("p", "PostgreSQL")) if letter in only]
    the_rig = rig.Rig({"shop.yaml": rig.SHOP_POLICY}, rig.SHOP_CONFIG)
    benches = [Bench(tap, the_rig, engine, many_customers()) for engine in engines]
    the_rig.start()
    two_guardfs(tap, the_rig)
    for bench in benches:
        wrong_keys(bench)
        token_in_environment(bench)
        not_running(bench)
        mute_guardfs(bench)
        killed_while_reading(bench)
        killed_while_waiting(bench)
        broken_text(bench)
        ended_sessions(bench)
    stale_mount(benches[0])
    junk(benches[0])
    tap.is_(verify(the_rig).returncode, 0, "the ledger verifies after all of it")
    the_rig.close()
    run_part(tap, "policies", engines[0])
    run_part(tap, "disk", engines[0])
    tap.done()


main()
