# SPDX-License-Identifier: MIT
"""A MariaDB server of the test's own: an unprivileged process on loopback, in the rig's folder."""
import os
import pwd
import shutil
import signal
import socket
import subprocess

SERVER = shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin")
INSTALL = shutil.which("mariadb-install-db")


def is_installed():
    return bool(SERVER and INSTALL and os.path.exists("/usr/lib/x86_64-linux-gnu/odbc/libmaodbc.so"))


class MariaDB:
    """Started at once; close() ends it. Its data sources are written into the rig."""

    def __init__(self, rig):
        self.rig = rig
        self.folder = rig.path("mariadb")
        self.socket = os.path.join(self.folder, "server.sock")
        os.mkdir(self.folder, 0o700)
        account = pwd.getpwnam("nobody")
        os.chown(self.folder, account.pw_uid, account.pw_gid)
        self.as_nobody = ["setpriv", "--reuid", str(account.pw_uid), "--regid", str(account.pw_gid),
                          "--clear-groups"]
        data = os.path.join(self.folder, "data")
        log = open(rig.path("mariadb.log"), "w")
        subprocess.run(self.as_nobody + [INSTALL, "--no-defaults", "--auth-root-authentication-method=normal",
                                         "--datadir=" + data, "--skip-test-db", "--skip-name-resolve"],
                       check=True, stdout=log, stderr=log, cwd=self.folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.server = subprocess.Popen(
            self.as_nobody + [SERVER, "--no-defaults", "--datadir=" + data, "--port=%d" % self.port,
                              "--bind-address=127.0.0.1", "--socket=" + self.socket, "--skip-name-resolve",
                              "--pid-file=" + os.path.join(self.folder, "pid"), "--innodb-buffer-pool-size=16M",
                              "--innodb-flush-log-at-trx-commit=0", "--character-set-server=utf8mb4"],
            stdout=log, stderr=log, cwd=self.folder)
        rig.wait(lambda: self.sql("SELECT 1", check=False).returncode == 0, "MariaDB", 60)

    def sql(self, text, database="mysql", check=True):
        return subprocess.run(["mariadb", "--no-defaults", "--default-character-set=utf8mb4", "--socket=" + self.socket,
                               "-u", "root", database],
                              input=text, text=True, capture_output=True, check=check)

    def add_dsn(self, name, ddl):
        """A database with its data source and the guarded twin."""
        self.sql("CREATE DATABASE %s; CREATE USER 'og'@'127.0.0.1'; GRANT ALL ON %s.* TO 'og'@'127.0.0.1';"
                 % (name, name))
        self.sql(ddl, name)
        self.rig.add_dsn(name, {"Driver": "MariaDB", "Server": "127.0.0.1", "Port": str(self.port),
                                "Database": name, "User": "og", "Charset": "utf8mb4"}, "ODBCGuard MariaDB")

    def close(self):
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            try:
                self.server.wait(30)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()
