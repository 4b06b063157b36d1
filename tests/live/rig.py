# SPDX-License-Identifier: MIT
"""A guarded set-up of its own for live tests: guardfs from the build folder, policies, data sources,
SQLite files and a PostgreSQL cluster on loopback, everything in one temporary folder and stopped by
process id. Prints TAP. Needs root where another account answers or where PostgreSQL is started."""
import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("OG_BUILDDIR", os.getcwd())
SOURCE = os.environ.get("OG_SRCDIR", BUILD)
DRIVERS = "/usr/lib/x86_64-linux-gnu/odbc"
PG_BIN = "/usr/lib/postgresql/15/bin"
APPROVER_UID, REQUESTER_UID, OTHER_UID = 61001, 61002, 61003


class Tap:
    """Counts and prints results; leaves with 1 when one failed."""

    def __init__(self):
        self.n = self.failed = 0

    def ok(self, condition, name, note=""):
        self.n += 1
        if not condition:
            self.failed += 1
        print(("ok" if condition else "not ok"), self.n, "-", name, flush=True)
        if not condition and note:
            for line in str(note).splitlines():
                print("#", line, flush=True)
        return bool(condition)

    def is_(self, got, wanted, name):
        return self.ok(got == wanted, name, "got:    %r\nwanted: %r" % (got, wanted))

    def like(self, got, part, name):
        return self.ok(part in str(got), name, "got: %s\nwanted in it: %s" % (got, part))

    def note(self, text):
        for line in str(text).splitlines():
            print("#", line, flush=True)

    def done(self):
        print("1..%d" % self.n, flush=True)
        sys.exit(1 if self.failed else 0)


def skip_all(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)


def each_alone(run, names):
    """run(tap, name) for each, in processes of their own that run side by side: a driver manager reads the
    lists of data sources once. Leaves with 1 when something failed."""
    tap = Tap()
    if sys.argv[1:]:
        run(tap, sys.argv[1])
        tap.done()
    need_fuse()
    runs = [(name, subprocess.Popen([sys.executable, os.path.abspath(sys.argv[0]), name], text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)) for name in names]
    for name, process in runs:
        planned, seen = None, 0
        for line in process.communicate()[0].splitlines():
            verdict, _, what = line.partition(" - ")
            if verdict.startswith(("ok ", "not ok ")):
                seen += 1
                tap.ok(verdict.startswith("ok "), what)
            elif line.startswith("1.."):
                planned = line
            else:
                tap.note(line.removeprefix("# "))
        tap.is_(planned, "1..%d" % seen, name + ": ran to its end")
    tap.done()


def need_root():
    if os.geteuid() != 0:
        skip_all("needs root: other accounts take part")


def need_fuse():
    if not os.path.exists("/dev/fuse"):
        skip_all("there is no /dev/fuse here")


class Rig:
    """One guardfs and the data sources that it guards."""

    def __init__(self, policies, config="", state=None):
        need_fuse()
        self.folder = tempfile.mkdtemp(prefix="og-live-")
        os.chmod(self.folder, 0o755)
        self.mount = self.path("mount")
        self.state = state or self.path("state")
        self.socket = self.path("guard.sock")
        self.policies = self.path("policies")
        self.config = self.path("config.yaml") if config else None
        self.guardfs = None
        self.cluster = None
        self.sections = {}
        self.is_broker = os.environ.get("OG_PLACEMENT") == "broker"
        self.held = {}  # targets whose credentials guardfs holds: their keys
        self.held_password = "pw-" + "canary-%d" % os.getpid()
        os.mkdir(self.mount)
        os.mkdir(self.policies)
        for name, text in policies.items():
            self.write(os.path.join("policies", name), text)
        if config:
            self.write("config.yaml", config)
        self.write_odbc()
        os.environ["ODBCINI"] = self.path("odbc.ini")
        os.environ["ODBCSYSINI"] = self.folder
        os.environ.pop("ODBCGUARD_TOKEN_FILE", None)
        atexit.register(self.close)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    # ---- data sources ----

    def write_odbc(self):
        drivers = {
            "SQLite3": DRIVERS + "/libsqlite3odbc.so",
            "PostgreSQL Unicode": DRIVERS + "/psqlodbcw.so",
            "PostgreSQL ANSI": DRIVERS + "/psqlodbca.so",
            "MariaDB": DRIVERS + "/libmaodbc.so",
            "FreeTDS": DRIVERS + "/libtdsodbc.so",
            "ODBCGuard": BUILD + "/driver/libodbcguard.so",
            "ODBCGuard ANSI": BUILD + "/driver/libodbcguard-ansi.so",
            "ODBCGuard ODBC2": BUILD + "/driver/libodbcguard-odbc2.so",
            "ODBCGuard MariaDB": BUILD + "/driver/libodbcguard-mariadb.so",
            "ODBCGuard FreeTDS": BUILD + "/driver/libodbcguard-tds.so",
        }
        text = "".join("[%s]\nDriver=%s\nThreading=0\n\n" % item for item in drivers.items())
        self.write("odbcinst.ini", text)
        text = ""
        for name, keys in self.sections.items():
            text += "[%s]\n" % name + "".join("%s=%s\n" % item for item in keys.items()) + "\n"
        self.write("odbc.ini", text)

    def add_dsn(self, name, keys, face):
        """A target and its guarded twin NAME-guarded."""
        self.sections[name] = keys
        self.sections[name + "-guarded"] = {
            "Driver": face, "GuardTargetDSN": name, "GuardSocket": self.socket}
        if self.is_broker:
            self.hold(name)
        self.write_odbc()

    def hold(self, name, run_as="nobody"):
        """Gives a target to guardfs, so that clients ask for a worker. Before start. Its own data source stays,
        for tests that look into the database directly."""
        keys = dict(self.sections[name])
        drivers = {"SQLite3": "libsqlite3odbc.so", "PostgreSQL Unicode": "psqlodbcw.so",
                   "PostgreSQL ANSI": "psqlodbca.so"}
        self.held[name] = {"driver": DRIVERS + "/" + drivers[keys.pop("Driver")], "keys": keys}
        if os.geteuid() == 0:
            self.held[name]["run-as"] = run_as
        if "Username" in keys:
            self.write("held.password", self.held_password + "\n", 0o600)
            self.held[name]["password"] = {"file": self.path("held.password")}
        self.sections[name + "-guarded"]["GuardPlacement"] = "broker"
        self.write_odbc()

    def write_held(self):
        """The configuration with what guardfs holds."""
        import json
        import yaml
        text = open(self.config).read() if self.config else ""
        config = yaml.load(text, Loader=yaml.BaseLoader) or {}
        for name, connect in self.held.items():
            config.setdefault("targets", {}).setdefault(name, {})["connect"] = {
                k: {a: str(b) for a, b in v.items()} if k == "keys" else v for k, v in connect.items()}
        self.write("config.yaml", json.dumps(config, indent=1))
        self.config = self.path("config.yaml")

    def sqlite(self, name, ddl, extra=None):
        os.makedirs(self.path("data"), exist_ok=True)
        database = self.path("data", name + ".db")
        subprocess.run(["sqlite3", database], input=ddl, text=True, check=True)
        os.chmod(database, 0o666)
        os.chmod(self.path("data"), 0o777)  # SQLite makes its journal beside the file
        keys = {"Driver": "SQLite3", "Database": database, "Timeout": "2000"}
        keys.update(extra or {})
        self.add_dsn(name, keys, "ODBCGuard ODBC2")
        return database

    def postgresql(self, name, ddl, extra=None, template="template1"):
        if not self.cluster:
            self.start_cluster()
        self.psql("postgres", "CREATE DATABASE %s TEMPLATE %s" % (name, template))
        self.psql(name, ddl)
        keys = {"Driver": "PostgreSQL Unicode", "Servername": "127.0.0.1", "Port": self.port,
                "Database": name, "Username": "og", "ReadOnly": "0"}
        keys.update(extra or {})
        self.add_dsn(name, keys, "ODBCGuard")

    def start_cluster(self):
        need_root()
        account = pwd.getpwnam("postgres")
        data = self.path("pg")
        os.mkdir(data, 0o700)
        os.chown(data, account.pw_uid, account.pw_gid)
        self.as_postgres = ["setpriv", "--reuid", str(account.pw_uid), "--regid",
                            str(account.pw_gid), "--clear-groups"]
        subprocess.run(self.as_postgres + [PG_BIN + "/initdb", "-D", data, "-U", "og", "-A", "trust",
                                           "-E", "UTF8", "--no-locale", "-N"],
                       check=True, stdout=subprocess.DEVNULL, cwd=data)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.cluster = subprocess.Popen(
            self.as_postgres + [PG_BIN + "/postgres", "-D", data, "-p", str(self.port),
                                "-c", "listen_addresses=127.0.0.1", "-c",
                                "unix_socket_directories=", "-c", "fsync=off"],
            stdout=subprocess.DEVNULL, stderr=open(self.path("pg.log"), "w"), cwd=data)
        self.wait(lambda: subprocess.run(
            [PG_BIN + "/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0,
            "PostgreSQL")

    def psql(self, database, sql):
        return subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
             str(self.port), "-U", "og", "-d", database],
            input=sql, text=True, check=True, capture_output=True).stdout

    # ---- guardfs ----

    def wait(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.02)
        raise RuntimeError(what + " did not come up in %d s" % seconds)

    def is_ready(self):
        if self.guardfs.poll() is not None:
            raise RuntimeError("guardfs ended with %d: %s" % (
                self.guardfs.returncode, open(self.path("guardfs.log")).read()))
        try:
            with open(os.path.join(self.mount, "health")) as file:
                healthy = file.read().startswith("ok")
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
                probe.connect(self.socket)
            return healthy
        except OSError:
            return False

    def start(self, wait=True):
        if self.held:
            self.write_held()
        arguments = [BUILD + "/guardfs", "--mount", self.mount, "--state", self.state, "--socket",
                     self.socket, "--policies", self.policies, "--foreground"]
        if not os.path.exists(arguments[0]):
            arguments[0] = BUILD + "/fusefs/guardfs"
        if self.config:
            arguments += ["--config", self.config]
        self.guardfs = subprocess.Popen(arguments, stdout=open(self.path("guardfs.log"), "a"),
                                        stderr=subprocess.STDOUT)
        if wait:
            self.wait(self.is_ready, "guardfs")
        return self

    def stop(self, how=signal.SIGTERM):
        if self.guardfs and self.guardfs.poll() is None:
            self.guardfs.send_signal(how)
            try:
                self.guardfs.wait(10)
            except subprocess.TimeoutExpired:
                self.guardfs.kill()
                self.guardfs.wait()

    def kill_daemon(self):
        """SIGKILL for guardfs and the small process that unmounts for it."""
        children = subprocess.run(["pgrep", "-P", str(self.guardfs.pid)], capture_output=True,
                                  text=True).stdout.split()
        for pid in [str(self.guardfs.pid)] + children:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.guardfs.wait()

    def guardctl(self, *arguments, check=False, environment=None, cwd=None):
        program = BUILD + "/guardctl"
        if not os.path.exists(program):
            program = BUILD + "/fusefs/guardctl"
        return subprocess.run([program, "--socket", self.socket] + list(arguments),
                              capture_output=True, text=True, check=check, env=environment, cwd=cwd)

    def read(self, *parts):
        with open(os.path.join(self.mount, *parts)) as file:
            return file.read()

    def ledger(self):
        import json
        return [json.loads(line) for line in self.read("audit", "current.jsonl").splitlines()]

    def as_uid(self, uid, arguments, **more):
        return subprocess.run(["setpriv", "--reuid", str(uid), "--regid", str(uid),
                               "--clear-groups"] + arguments, capture_output=True, text=True, **more)

    def close(self):
        self.stop()
        subprocess.run(["umount", "-l", self.mount], stderr=subprocess.DEVNULL)
        if self.cluster:
            self.cluster.send_signal(signal.SIGINT)
            self.cluster.wait()
            self.cluster = None
        if os.environ.get("OG_KEEP"):
            print("# kept:", self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


# ---- the shop that most tests use ----

SHOP_TABLES = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, phone TEXT, card TEXT,
  api_key TEXT, country TEXT, birth_date DATE, balance NUMERIC(10,2));
CREATE TABLE payments (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
  amount NUMERIC(10,2), status TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
  placed DATE, total NUMERIC(10,2));
"""


def shop_rows():
    """Sample rows; what looks like a secret is put together here."""
    rows = ""
    for i, (name, country) in enumerate([("Ann", "DE"), ("Bo", "SE"), ("Cay", "FR"), ("Dee", "DE")], 1):
        card = "4" + "0" * 11 + "%04d" % (1000 + i)
        key = "sk" + "_live_" + "k%d" % i * 8
        rows += ("INSERT INTO customers VALUES (%d,'%s','%s@example.com','+49 30 12345%d','%s','%s','%s',"
                 "'198%d-0%d-15',%d.50);\n" % (i, name, name.lower(), i, card, key, country, i, i, 100 * i))
        rows += "INSERT INTO payments VALUES (%d,%d,%d.25,'open');\n" % (i, i, 10 * i)
        rows += "INSERT INTO orders VALUES (%d,%d,'2026-0%d-01',%d.00);\n" % (i, i, i, 7 * i)
    return rows


SHOP_SQL = SHOP_TABLES + shop_rows()

SHOP_POLICY = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
mode: enforce
data-mode: enforce
data:
  - columns: [customers.email]
    class: email
    mask: partial
  - columns: [customers.phone]
    class: phone
    mask: partial
  - columns: ["*.card"]
    class: payment-card
    mask: partial
    optional: yes
  - columns: ["*.api_key"]
    mask: sql-null
    optional: yes
  - columns: [customers.birth_date]
    mask: truncate-date
  - columns: [customers.balance]
    mask: round
rules:
  - id: no-ddl
    when: {effect: [drop, truncate, alter, grant]}
    then: deny
    say: Schema changes go through a migration, see the DBA runbook.
  - id: payments
    when: {effect: [insert, update, delete, merge], tables: [payments]}
    then: approve
    by: {group: dba, count: 1, within: 30m}
  - id: orders
    when: {effect: [insert, update, delete], tables: [orders]}
    then: allow
  - id: read
    when: {effect: select}
    then: allow
"""

SHOP_CONFIG = """
people: {dora: ["uid:%d"]}
agents: {report-bot: ["uid:%d"]}
groups: {dba: [user:dora], ai-agents: [agent:report-bot]}
roles: {admin: [group:dba], approver: [group:dba], auditor: [group:dba]}
""" % (APPROVER_UID, REQUESTER_UID)

ALLOW_ALL_POLICY = """
policy: everything
applies-to: {principals: ["*"], targets: ["*"]}
mode: observe
data-mode: observe
rules:
  - id: all
    when: {effect: [select, insert, update, delete, merge, truncate, create, drop, alter, grant, copy, call,
                    lock, set, listen, explain, attach, pragma, maintenance, session]}
    then: allow
"""
