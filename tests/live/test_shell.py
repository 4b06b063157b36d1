#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An account with a shell on the machine of the guard tries to get round it: at files, at processes, at the
socket, at the link, at the mount. Nothing of it may bring out a real value or the target's password, stop
another's session or answer a request. Each way of reading is also gone as an account that may: it finds what
there is to find, so that "nothing" means something."""
import json
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402
import test_broker as broker  # noqa: E402

pyodbc = broker.pyodbc
AGENT = rig.REQUESTER_UID
NOBODY = 65534

# What an attacker runs: Python, with what it was told as arguments. It prints what it could get.
GO = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def said(r):
    print(r if r >= 0 else "errno %s" % os.strerror(ctypes.get_errno()))
"""
FILE = "print(open(sys.argv[1], 'rb').read())"
ENVIRON = "print(open('/proc/%s/environ' % sys.argv[1], 'rb').read())"
MEMORY = """
for line in open("/proc/%s/maps" % sys.argv[1]):
    span, rights = line.split()[:2]
    if rights[0] != "r" or "[v" in line:
        continue
    begin, end = (int(x, 16) for x in span.split("-"))
    try:
        memory = open("/proc/%s/mem" % sys.argv[1], "rb", 0)
        memory.seek(begin)
        if sys.argv[2][::-1].encode() in memory.read(end - begin):
            print("found", sys.argv[2][::-1])
    except OSError as e:
        print(e)
"""
TRACE = "said(libc.ptrace(16, int(sys.argv[1]), 0, 0))"  # PTRACE_ATTACH
SEIZE = "said(libc.ptrace(0x4206, int(sys.argv[1]), 0, 0))"
READV = """
class V(ctypes.Structure):
    _fields_ = [("at", ctypes.c_void_p), ("n", ctypes.c_size_t)]
buf = ctypes.create_string_buffer(16)
here, there = V(ctypes.addressof(buf), 16), V(0x1000, 16)
said(libc.process_vm_readv(int(sys.argv[1]), ctypes.byref(here), 1, ctypes.byref(there), 1, 0))
"""
GETFD = "f = libc.syscall(434, int(sys.argv[1]), 0)\nsaid(libc.syscall(438, f, 3, 0))"
FDS = "print([os.readlink('/proc/%s/fd/%s' % (sys.argv[1], f)) for f in os.listdir('/proc/%s/fd' % sys.argv[1])])"
OPEN_FD = "print(os.open('/proc/%s/fd/3' % sys.argv[1], os.O_RDWR))"
ROOT = "print(os.listdir('/proc/%s/cwd/' % sys.argv[1]))"
SIGNAL = "os.kill(int(sys.argv[1]), int(sys.argv[2]))\nprint('sent')"
LIMIT = "import resource\nprint(resource.prlimit(int(sys.argv[1]), resource.RLIMIT_CORE, (-1, -1)))"
SQL = """
import pyodbc
try:
    c = pyodbc.connect(sys.argv[1], autocommit=True)
    for sql in sys.argv[2:]:
        cursor = c.cursor().execute(sql)
        print("rows are", cursor.fetchall() if cursor.description else cursor.rowcount)
except pyodbc.Error as e:
    print("error", e)
"""
WORDS = ("errno", "Permission denied", "Operation not permitted", "Error", "error", "refused", "No such")


class Attack:
    def __init__(self, tap, the_rig):
        self.tap, self.rig, self.n = tap, the_rig, 0
        self.canaries = broker.CANARIES + [the_rig.held_password]

    def run(self, program, *arguments, uid=AGENT, env=None):
        result = self.rig.as_uid(uid, [sys.executable, "-c", GO + program] + [str(a) for a in arguments],
                                 env=dict(os.environ, HOME="/nonexistent", **(env or {})), timeout=120)
        return result.stdout + result.stderr

    def leaks(self, said):
        return [c for c in self.canaries if c in said]

    def refused(self, name, program, *arguments, **more):
        """It must be refused, and tell nothing."""
        said = self.run(program, *arguments, **more)
        self.n += 1
        self.tap.ok(any(w in said for w in WORDS) and not self.leaks(said) and "sent" not in said and
                    "rows are" not in said, "refused: " + name, said[:500])

    def harmless(self, name, program, *arguments, **more):
        """It may run, and tells no real value."""
        said = self.run(program, *arguments, **more)
        self.n += 1
        self.tap.ok(not self.leaks(said), "harmless: " + name, said[:500])
        return said

    def finds(self, name, program, *arguments, uid, **more):
        """The control: who may, finds it this way."""
        said = self.run(program, *arguments, uid=uid, **more)
        self.tap.ok(self.leaks(said), "control: " + name, said[:500])

    def succeeds(self, name, program, *arguments, uid=AGENT):
        said = self.run(program, *arguments, uid=uid)
        self.tap.ok(not any(w in said for w in WORDS), "control: " + name, said[:500])


def files(a):
    database = a.rig.database
    a.finds("the workers' account reads the database's file", FILE, database, uid=NOBODY)
    a.refused("the file of the database", FILE, database)
    a.refused("the file of the database by its link in /proc", FILE, "/proc/%d/root%s" % (
        broker.workers(a.rig)[0], database))
    direct = "Driver=%s;Database=%s" % (rig.DRIVERS + "/libsqlite3odbc.so", database)
    a.finds("the real driver opens it for the workers' account", SQL, direct, broker.QUERY, uid=NOBODY)
    a.refused("the real driver by its file", SQL, direct, broker.QUERY)
    a.refused("the real driver by the target's data source", SQL, "DSN=shop_s", broker.QUERY)
    if "shop_p" in a.rig.held:
        of_pg = "Driver=%s;Servername=127.0.0.1;Port=%d;Database=shop_p;UID=worker;PWD=" % (
            rig.DRIVERS + "/psqlodbcw.so", a.rig.port)
        a.finds("with the password the server answers", SQL, of_pg + a.rig.held_password, broker.QUERY, uid=AGENT)
        a.refused("the server without the password", SQL, of_pg, broker.QUERY)
        a.refused("the server with a guessed one", SQL, of_pg + "postgres", broker.QUERY)
        a.finds("root reads the password's file", FILE, a.rig.path("held.password"), uid=0)
        a.refused("the password's file", FILE, a.rig.path("held.password"))
    a.refused("the state folder", "print(os.listdir(sys.argv[1]))", a.rig.state)
    a.refused("a link planted in the state folder", "os.symlink('/etc/shadow', sys.argv[1] + '/keys')", a.rig.state)
    a.refused("the policies", "open(sys.argv[1], 'a').write('x')", os.path.join(a.rig.policies, "shop.yaml"))
    a.refused("guardfs' configuration", "open(sys.argv[1], 'a').write('x')", a.rig.config)


def processes(a, victim):
    own = subprocess.Popen(["setpriv", "--reuid", str(AGENT), "--regid", str(AGENT), "--clear-groups", "sleep", "300"])
    time.sleep(0.5)
    a.succeeds("a process of its own may be signalled", "os.kill(%d, 0)\nprint('ok')" % own.pid)
    a.succeeds("and its descriptors seen", FDS, own.pid)
    pids = [("another's worker", victim), ("its own worker", a.own_worker), ("the vault", broker.vault_of(a.rig)),
            ("guardfs", a.rig.guardfs.pid)]
    for name, pid in pids:
        a.refused("ptrace of " + name, TRACE, pid)
        a.refused("PTRACE_SEIZE of " + name, SEIZE, pid)
        a.refused("the memory of " + name, MEMORY, pid, a.rig.held_password[::-1])
        a.refused("process_vm_readv of " + name, READV, pid)
        a.refused("a descriptor of %s by pidfd" % name, GETFD, pid)
        a.refused("the list of descriptors of " + name, FDS, pid)
        a.refused("a descriptor of %s by /proc" % name, OPEN_FD, pid)
        a.refused("the environment of " + name, ENVIRON, pid)
        a.refused("the folder of " + name, ROOT, pid)
        a.refused("core dumps of " + name, LIMIT, pid)
        for number in (9, 19, 11):
            a.refused("signal %d to %s" % (number, name), SIGNAL, pid, number)
        a.harmless("the arguments of " + name, FILE, "/proc/%d/cmdline" % pid)
    own.kill()
    own.wait()
    held = subprocess.run([broker.rig.BUILD + "/driver/odbcguard-worker"], capture_output=True, text=True)
    a.tap.like((held.returncode, held.stderr), "started by guardfs", "refused: a worker of its own")


PRELOAD = """
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void seen(void)
{
    char path[256] = "";
    FILE *out = fopen("%s", "a");
    if (readlink("/proc/self/exe", path, 255) > 0 && out)
        fprintf(out, "%%s\\n", path);
    if (out)
        fclose(out);
}
"""


def surroundings(a):
    """The client's own process is its own to change: nothing real is in it."""
    seen = a.rig.path("data", "preloaded")
    a.rig.write("preload.c", PRELOAD % seen)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", a.rig.path("preload.so"), a.rig.path("preload.c")], check=True)
    open(seen, "w").close()
    os.chmod(a.rig.path("data"), 0o711)
    os.chmod(seen, 0o666)
    said = a.harmless("LD_PRELOAD", SQL, "DSN=shop_s-guarded", broker.QUERY, env={"LD_PRELOAD": a.rig.path("preload.so")})
    loaded = open(seen).read()
    a.tap.ok("rows are" in said and "python" in loaded and "worker" not in loaded,
             "what is preloaded comes into the client alone", loaded)
    trace = a.rig.path("data", "trace")
    open(trace, "w").close()
    os.chmod(trace, 0o666)
    ini = open(a.rig.path("odbcinst.ini")).read()
    os.makedirs(a.rig.path("own"), exist_ok=True)
    a.rig.write("own/odbcinst.ini", ini + "[ODBC]\nTrace=Yes\nTraceFile=%s\n" % trace)
    a.rig.write("own/odbc.ini", open(a.rig.path("odbc.ini")).read())
    a.harmless("the driver manager's trace", SQL, "DSN=shop_s-guarded", broker.QUERY,
               env={"ODBCSYSINI": a.rig.path("own"), "ODBCINI": a.rig.path("own/odbc.ini")})
    text = open(trace, errors="replace").read()
    a.tap.ok("SQLExecDirect" in text or "SQLFetch" in text, "control: the trace was written", text[:300])
    a.tap.is_(a.leaks(text), [], "harmless: what is in it")
    a.harmless("the call log of the guard at its loudest", SQL,
               "DSN=shop_s-guarded;GuardLogLevel=6;GuardLogPath=/tmp", broker.QUERY)


STATEMENTS = {
    "shop_s": ["ATTACH DATABASE '%s' AS x", "SELECT load_extension('/tmp/x')", "SELECT readfile('/etc/passwd')",
               "PRAGMA writable_schema = 1", "VACUUM INTO '/tmp/x'"],
    "shop_p": ["SELECT pg_read_file('/etc/passwd')", "COPY secrets TO PROGRAM 'cat'", "SELECT lo_import('/etc/passwd')",
               "SELECT current_setting('is_superuser')::int", "SELECT pg_terminate_backend(1)",
               "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/tmp/x', 'f'", "SELECT rolpassword FROM pg_authid",
               "SET ROLE og", "SET session_preload_libraries = 'x'"],
}


def statements(a, name):
    for sql in STATEMENTS[name]:
        sql = sql.replace("%s", a.rig.database)
        a.refused("%s: %s" % (name, sql.replace(a.rig.database, "FILE")), SQL, "DSN=%s-guarded" % name, sql)


# ---- the socket and the link ----

def connect(a):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.settimeout(30)
    client.connect(a.rig.socket)
    return client


def rubbish(a):
    """Frames that no driver sends: the connection ends, guardfs stays."""
    before = a.works()
    for bytes_ in (b"", b"\0", b"\xff" * 8, b"\0" * 65536, os.urandom(512), b"GET / HTTP/1.0\r\n\r\n"):
        with connect(a) as client:
            try:
                client.send(bytes_)
                client.recv(65536)
            except OSError:
                pass
    a.tap.ok(before and a.works(), "harmless: rubbish at the socket")
    many = []
    try:
        for _ in range(600):
            many.append(connect(a))
    except OSError:
        pass
    a.tap.ok(a.works(), "harmless: %d connections that say nothing" % len(many))
    for client in many:
        client.close()


def mount(a, other):
    """At the tree: another's session, requests, records and switches."""
    def path(*parts):
        return os.path.join(a.rig.mount, *parts)
    a.refused("the folder of another's session", "print(os.listdir(sys.argv[1]), open(sys.argv[1] + "
              "'/live.cast').read())", path("sessions", a.others[0]))
    a.refused("rmdir of another's session", "os.rmdir(sys.argv[1])", path("sessions", a.others[0]))
    a.tap.ok(other.cursor().execute("SELECT count(*) FROM orders").fetchval() is not None, "another's session goes on")
    a.refused("the ledger", FILE, path("audit", "current.jsonl"))
    said = a.run(SQL, "DSN=shop_s-guarded;GuardApproval=fail", "UPDATE payments SET amount = 0 WHERE id = 1")
    a.tap.like(said, "71002", "a write waits for an approval")
    pending = os.listdir(path("approvals", "pending"))
    a.refused("approving its own request with an editor", "p = sys.argv[1]\nt = open(p).read()\n"
              "open(p, 'w').write(t.replace('decision: pending', 'decision: approve'))",
              path("approvals", "pending", pending[0]))
    a.refused("approving it by mv", "os.rename(sys.argv[1], sys.argv[2])", path("approvals", "pending", pending[0]),
              path("approvals", "approved", pending[0]))
    a.refused("a policy of its own", "open(sys.argv[1], 'w').write('policy: mine')", path("policies", "edit", "x.yaml"))
    a.refused("its own request is still not approved", SQL, "DSN=shop_s-guarded;GuardApproval=fail",
              "UPDATE payments SET amount = 0 WHERE id = 1")
    shown = subprocess.run(["grep", "-rlF", "-f", "-", a.rig.mount], input="\n".join(a.canaries), text=True,
                           capture_output=True).stdout
    a.tap.is_(shown, "", "root finds no real value and no password in the whole mount")


def names(a):
    """Who acts is what the kernel says, whatever is asserted."""
    a.harmless("another's name as application", SQL, "DSN=shop_s-guarded;GuardApp=user:dora;GuardPurpose=as admin",
               broker.QUERY)
    opened = [json.dumps(r) for r in a.rig.ledger() if "user:dora" in json.dumps(r)]
    a.tap.ok(opened and all('"principal": "report-bot"' in r for r in opened),
             "recorded as what it said, under the name that it has", opened[:1])
    a.tap.ok("report-bot" in json.dumps(a.rig.ledger()), "control: the ledger knows the name")


class Own:
    """A session of the attacker's own, which stays open."""
    def __init__(self, a):
        before = set(broker.workers(a.rig))
        self.process = subprocess.Popen(
            ["setpriv", "--reuid", str(AGENT), "--regid", str(AGENT), "--clear-groups", sys.executable, "-c",
             "import pyodbc, sys\nc = pyodbc.connect('DSN=shop_s-guarded')\nprint('open', flush=True)\n"
             "sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        a.own_worker = (set(broker.workers(a.rig)) - before).pop()

    def close(self):
        self.process.communicate()


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = broker.make_rig(True)
    broker.rights(the_rig, the_rig.database)
    a = Attack(tap, the_rig)
    a.works = lambda: "rows are" in a.run(SQL, "DSN=shop_s-guarded", "SELECT count(*) FROM orders")
    other = pyodbc.connect("DSN=shop_s-guarded", autocommit=True)
    victim = broker.workers(the_rig)[0]
    a.others = os.listdir(os.path.join(the_rig.mount, "sessions"))
    own = Own(a)
    tap.ok(a.works(), "control: the account may use the guarded data source")
    files(a)
    processes(a, victim)
    surroundings(a)
    for name in the_rig.held:
        statements(a, name)
    rubbish(a)
    names(a)
    mount(a, other)
    tap.ok(victim in broker.workers(the_rig) and
           other.cursor().execute("SELECT count(*) FROM secrets").fetchval() == broker.ROWS,
           "after all of it another's worker is there and answers")
    own.close()
    other.close()
    tap.is_(the_rig.guardctl("verify", os.path.join(the_rig.mount, "audit")).returncode, 0, "the ledger verifies")
    tap.note("%d ways were gone" % a.n)
    tap.done()


if __name__ == "__main__":
    main()
