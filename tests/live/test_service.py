#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""guardfs under a service manager: a socket that is passed, readiness, the watchdog, stopping; and the unit's
files as they are installed."""
import configparser
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")


class Manager:
    """What a service manager does for one service."""

    def __init__(self, the_rig):
        self.rig = the_rig
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(the_rig.path("notify"))
        self.notify.settimeout(20)
        self.listener = self.listen(the_rig.socket)
        self.process = None

    @staticmethod
    def listen(path):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(path)
        os.chmod(path, 0o666)
        listener.listen(100)
        return listener

    def start(self, listener=None, **env):
        fd = (listener or self.listener).fileno()
        script = "exec 3<&%d; export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$@\"" % fd
        program = os.path.join(rig.BUILD, "fusefs/guardfs")
        self.process = subprocess.Popen(
            ["sh", "-c", script, "sh", program, "--foreground", "--mount", self.rig.mount, "--state", self.rig.state,
             "--socket", self.rig.socket, "--policies", self.rig.policies], pass_fds=[fd],
            env=dict(os.environ, NOTIFY_SOCKET=self.rig.path("notify"), **env), stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)

    def hear(self):
        return self.notify.recv(1000).decode()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(20)


def rows(the_rig):
    connection = pyodbc.connect("DSN=service-guarded", autocommit=True)
    value = connection.cursor().execute("SELECT count(*) FROM orders").fetchone()[0]
    connection.close()
    return value


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": rig.SHOP_POLICY})
    the_rig.sqlite("service", rig.SHOP_SQL)
    manager = Manager(the_rig)
    manager.start(WATCHDOG_USEC="400000")
    tap.like(manager.hear(), "READY=1", "guardfs says that it is ready")
    tap.ok(os.path.exists(os.path.join(the_rig.mount, "health")), "the mount is there by then")
    tap.is_(rows(the_rig), 4, "the passed socket serves")
    tap.is_([manager.hear() for _ in range(3)], ["WATCHDOG=1"] * 3, "the watchdog hears of it")
    tap.is_(manager.stop(), 0, "SIGTERM stops it cleanly")
    said = ""
    while "STOPPING" not in said:
        said = manager.hear()
    tap.ok(True, "it says that it stops")
    tap.ok(os.path.exists(the_rig.socket), "a socket that was passed is not removed")
    # While nobody serves, a client waits in the socket's queue.
    client = subprocess.Popen([sys.executable, "-c", "import pyodbc; print(pyodbc.connect('DSN=service-guarded', "
                               "autocommit=True).cursor().execute('SELECT count(*) FROM orders').fetchone()[0])"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(1)
    manager.start()
    tap.like(manager.hear(), "READY=1", "it starts again on the same socket")
    tap.is_(client.communicate(timeout=60)[0].strip(), "4", "who came meanwhile is served")
    manager.stop(signal.SIGKILL)
    manager.start()
    tap.like(manager.hear(), "READY=1", "after SIGKILL too, over the dead mount")
    tap.is_(rows(the_rig), 4, "and it serves")
    manager.stop()
    other = Manager.listen(the_rig.path("other.sock"))
    manager.start(other)
    code = manager.process.wait(20)
    error = manager.process.stderr.read()
    tap.ok(code != 0 and "ListenSequentialPacket" in error, "another socket than the one of --socket is refused", error)
    folder = tempfile.mkdtemp(dir=the_rig.folder)
    for name in ("guardfs.service.in", "guardfs.socket"):
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str
        with open(os.path.join(rig.SOURCE, "fusefs", name)) as file:
            unit.read_string(file.read().replace("\\\n", " "))
        tap.ok("Unit" in unit and ("Service" in unit or "Socket" in unit), name + " is a unit")
        if "Service" in unit:
            tap.ok("--socket /run/odbcguard/guard.sock" in unit["Service"]["ExecStart"].replace("\t", " "),
                   "service and socket name the same path")
    os.rmdir(folder)
    tap.is_(the_rig.guardctl("verify", os.path.join(the_rig.state, "audit")).returncode, 0, "the chain verifies")
    tap.done()


main()
