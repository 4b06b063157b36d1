#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Approvals by the editors and commands that people use, each as an ordinary account of the approver
group; and the saves that must not count, with the reason that their author gets to read."""
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

DORA, EMIL, RITA, OTHER, RITA_TOO = rig.APPROVER_UID, 61004, rig.REQUESTER_UID, rig.OTHER_UID, 61005
CONFIG = """
people: {dora: ["uid:%d"], emil: ["uid:%d"], rita: ["uid:%d", "uid:%d"]}
groups: {dba: [user:dora, user:emil, user:rita]}
roles: {admin: [group:dba], approver: [group:dba], auditor: [group:dba]}
""" % (DORA, EMIL, RITA, RITA_TOO)
POLICY = rig.SHOP_POLICY.replace("""  - id: orders
    when: {effect: [insert, update, delete], tables: [orders]}
    then: allow
""", """  - id: orders
    when: {effect: [insert, update, delete], tables: [orders]}
    then: approve
    by: {group: dba, count: 2, within: 30m}
""")
APPROVE = "s/^decision: pending/decision: approve/; s/^reason:/reason: fine/"
SECONDS = 20


class Desk:
    """One engine's requests and the folder where they are answered."""

    def __init__(self, tap, the_rig, engine, dsn):
        self.tap, self.rig, self.engine, self.dsn = tap, the_rig, engine, dsn
        self.pending_folder = os.path.join(the_rig.mount, "approvals/pending")
        self.n = 0

    def name(self, text):
        return "%s: %s" % (self.engine, text)

    def send(self, sql, uid=0):
        """Runs a statement as an account. Returns: its row count, or the error's text."""
        if uid:
            code = ("import pyodbc, sys\n"
                    "c = pyodbc.connect(sys.argv[1], autocommit=True)\n"
                    "try: print(c.execute(sys.argv[2]).rowcount)\n"
                    "except pyodbc.Error as e: print(e.args[0], e.args[-1])\n")
            result = self.rig.as_uid(uid, [sys.executable, "-c", code,
                                           "DSN=%s;GuardApproval=fail" % self.dsn, sql], timeout=SECONDS)
            return (result.stdout + result.stderr).strip()
        connection = pyodbc.connect("DSN=%s;GuardApproval=fail" % self.dsn, autocommit=True)
        try:
            return str(connection.execute(sql).rowcount)
        except pyodbc.Error as error:
            return "%s %s" % (error.args[0], error.args[-1])
        finally:
            connection.close()

    def ask(self, uid=0, table="payments"):
        """A new request. Returns: statement, id, path of the file to edit."""
        self.n += 1
        sql = "DELETE FROM %s WHERE id = %d" % (table, 1000 + self.n)
        text = self.send(sql, uid)
        match = re.search(r"request=(r-[0-9A-Z]+)", text) or re.search(r"(r-[0-9A-Z]{10})", text)
        if not match:
            raise RuntimeError("no request was made: " + text)
        names = [n for n in os.listdir(self.pending_folder) if n.startswith(match.group(1))]
        return sql, match.group(1), os.path.join(self.pending_folder, names[0])

    def state(self, request):
        return self.rig.read("approvals/requests", request, "status").strip()

    def leftovers(self):
        """What root sees in the folder that is no request."""
        return [n for n in os.listdir(self.pending_folder) if not re.fullmatch(r"r-[0-9A-Z]{10}\.yaml", n)]


# ---- people and their terminals ----

def account(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def home_of(the_rig, uid):
    home = the_rig.path("home-%d" % uid)
    if not os.path.isdir(home):
        os.mkdir(home, 0o700)
        os.chown(home, uid, uid)
    return home


def run(desk, uid, arguments, text=None, timeout=SECONDS):
    environment = dict(os.environ, HOME=home_of(desk.rig, uid), LC_ALL="C.UTF-8")
    return desk.rig.as_uid(uid, arguments, input=text, env=environment, cwd=home_of(desk.rig, uid),
                           timeout=timeout)


def read_until_quiet(fd, quiet=0.25, end=None):
    output = b""
    while True:
        wait = quiet if end is None else max(0, min(quiet, end - time.monotonic()))
        if not select.select([fd], [], [], wait)[0]:
            return output
        try:
            block = os.read(fd, 65536)
        except OSError:
            return output
        if not block:
            return output
        output += block


def in_terminal(desk, uid, arguments, keys):
    """Runs a full-screen program in a terminal of its own and types. Returns: exit code, screen."""
    home = home_of(desk.rig, uid)
    pid, fd = pty.fork()
    if pid == 0:
        try:
            account(uid)
            os.chdir(home)
            os.execvpe(arguments[0], arguments, dict(os.environ, HOME=home, TERM="xterm", LC_ALL="C.UTF-8",
                                                     LINES="40", COLUMNS="120"))
        finally:
            os._exit(127)
    screen = b""
    for key in keys:
        screen += read_until_quiet(fd)
        try:
            os.write(fd, key.encode())
        except OSError:
            break
    end, status = time.monotonic() + SECONDS, None
    while time.monotonic() < end:
        screen += read_until_quiet(fd, 0.05)
        done, code = os.waitpid(pid, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(code)
            break
    if status is None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    os.close(fd)
    return status, screen.decode(errors="replace")


def vim(*settings):
    def edit(desk, path):
        keys = [":set %s\r" % setting for setting in settings]
        keys += [":%s/^decision: pending/decision: approve/\r", ":%s/^reason:.*/reason: fine/\r", ":wq\r"]
        return in_terminal(desk, DORA, ["vim", path], keys)
    return edit


def nano(desk, path):
    # replace, all; write; leave
    return in_terminal(desk, DORA, ["nano", path], [
        "\x1c", "decision: pending\r", "decision: approve\r", "a", "\x0f", "\r", "\x18"])


def command(*arguments, text=None):
    """A command; {path} is the request, {copy} an edited copy at home, {in} text as standard input."""
    def edit(desk, path):
        copy = os.path.join(home_of(desk.rig, DORA), "edited.yaml")
        run(desk, DORA, ["sh", "-c", "sed '%s' '%s' > '%s'" % (APPROVE, path, copy)])
        filled = [a.replace("{path}", path).replace("{copy}", copy) for a in arguments]
        result = run(desk, DORA, filled, open(copy).read() if text is True else text)
        return result.returncode, result.stdout + result.stderr
    return edit


EMACS_WAY = """
import os, sys
path = sys.argv[1]
text = open(path).read().replace("decision: pending", "decision: approve")
try: os.symlink("dora@host.1", os.path.join(os.path.dirname(path), ".#" + os.path.basename(path)))
except OSError: pass
os.rename(path, path + "~")
with open(path, "w") as file: file.write(text)
os.unlink(path + "~")
"""
WRITE_TEXT = """
import pathlib, sys
path = pathlib.Path(sys.argv[1])
path.write_text(path.read_text().replace("decision: pending", "decision: approve"))
"""
REPLACE = """
import os, sys, tempfile
path = sys.argv[1]
text = open(path).read().replace("decision: pending", "decision: approve")
fd, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
os.write(fd, text.encode()); os.fsync(fd); os.close(fd)
os.replace(temporary, path)
"""
ED_KEYS = "g/^decision: pending/s//decision: approve/\ng/^reason:/s/:.*/: fine/\nw\nq\n"


def approvals():
    """What people save with: what it needs, its name, how."""
    found = [
        ("vim", "vim as it comes", vim()),
        ("vim", "vim that renames", vim("backup", "backupcopy=no", "writebackup")),
        ("vim", "vim that writes in place", vim("backupcopy=yes", "writebackup")),
        ("vim", "vim without a backup", vim("nobackup", "nowritebackup")),
        ("vi", "vi from a script", command("vi", "-e", "-s", "-c", "%s/^decision: pending/decision: approve/",
                                           "-c", "wq", "{path}")),
        ("nano", "nano", nano),
        ("ed", "ed", command("ed", "-s", "{path}", text=ED_KEYS)),
        ("sed", "sed -i", command("sed", "-i", APPROVE, "{path}")),
        ("sed", "sed -i with a backup", command("sh", "-c", "sed -i.bak '%s' '{path}' && rm '{path}.bak'"
                                                % APPROVE)),
        ("perl", "perl -i", command("perl", "-i", "-pe", "s/^decision: pending/decision: approve/", "{path}")),
        ("mv", "mv of an edited copy", command("mv", "{copy}", "{path}")),
        ("mv", "mv of a copy in the same folder",
         command("sh", "-c", "cp '{copy}' '{path}.new' && mv '{path}.new' '{path}'")),
        ("mv", "mv into approved/", command("sh", "-c", "mv '{path}' \"$(dirname '{path}')/../approved/\"")),
        ("cp", "cp", command("cp", "{copy}", "{path}")),
        ("cp", "cp --remove-destination", command("cp", "--remove-destination", "{copy}", "{path}")),
        ("install", "install", command("install", "-m", "600", "{copy}", "{path}")),
        ("dd", "dd", command("dd", "if={copy}", "of={path}", "status=none")),
        ("dd", "dd in small blocks", command("dd", "if={copy}", "of={path}", "bs=7", "status=none")),
        ("tee", "tee", command("sh", "-c", "tee '{path}' > /dev/null", text=True)),
        ("cat", "cat >", command("sh", "-c", "cat '{copy}' > '{path}'")),
        ("bash", "bash >", command("bash", "-c", "text=$(sed '%s' '{path}'); printf '%%s\\n' \"$text\" "
                                   "> '{path}'" % APPROVE)),
        ("python3", "python's write_text", command(sys.executable, "-c", WRITE_TEXT, "{path}")),
        ("python3", "python's replace", command(sys.executable, "-c", REPLACE, "{path}")),
        ("python3", "a rename aside and a new file, as emacs does",
         command(sys.executable, "-c", EMACS_WAY, "{path}")),
    ]
    return [(name, how if shutil.which(program) else None) for program, name, how in found]


def check_approval(desk, name, how):
    tap = desk.tap
    if not how:
        tap.n += 1
        print("ok %d - %s # SKIP it is not installed" % (tap.n, desk.name("approved by " + name)), flush=True)
        return
    sql, request, path = desk.ask()
    code, output = how(desk, path)
    state = desk.state(request)
    if not tap.ok(code == 0 and state == "approved", desk.name("approved by " + name),
                  "exit %s, state %s\n%s\n%s" % (code, state, output[-1500:], desk.rig.as_uid(
                      DORA, ["cat", os.path.join(desk.rig.mount, ".error")]).stdout)):
        return
    tap.is_(desk.leftovers(), [], desk.name(name + " leaves nothing behind"))
    answered = desk.rig.read("approvals/approved", os.path.basename(path))
    tap.ok("\ndecision: approve\n" in answered and sql in answered,
           desk.name(name + ": the answer is in approved/"), answered[-300:])
    tap.is_(desk.send(sql), "1", desk.name(name + ": the statement runs"))


def control_file(desk):
    sql, request, path = desk.ask()
    digest = desk.rig.read("approvals/requests", request, "digest")[:8]
    control = os.path.join(desk.rig.mount, "approvals/requests", request, "decision")
    wrong = run(desk, DORA, ["bash", "-c", "echo 'approve 00000000 fine' > '%s'" % control])
    desk.tap.ok(wrong.returncode != 0 and desk.state(request) == "pending",
                desk.name("the decision file refuses a wrong digest"), wrong)
    right = run(desk, DORA, ["bash", "-c", "echo 'approve %s fine' > '%s'" % (digest, control)])
    desk.tap.ok(right.returncode == 0 and desk.state(request) == "approved",
                desk.name("approved by echo into the decision file"), right)
    desk.tap.is_(desk.send(sql), "1", desk.name("the decision file: the statement runs"))


# ---- what must not count ----

def sed(script):
    return ["sed", "-i", script, "{path}"]


def python(code):
    return [sys.executable, "-c", "import os, sys\npath = sys.argv[1]\ntext = open(path).read()\n"
            "good = text.replace('decision: pending', 'decision: approve')\n"
            "def put(to, bytes):\n with open(to, 'wb') as file: file.write(bytes if type(bytes) is not str"
            " else bytes.encode())\n" + code, "{path}"]


def refusals():
    """Name, account, command, what the reason must say."""
    return [
        ("a wrong word", DORA, sed("s/^decision: pending/decision: yes/"), "decision"),
        ("a word in capitals", DORA, sed("s/^decision: pending/decision: APPROVE/"), "decision"),
        ("a denial without a reason", DORA, sed("s/^decision: pending/decision: deny/"), "reason"),
        ("a changed digest", DORA, sed(APPROVE + "; s/^sql-sha256: ./sql-sha256: /"), "must stay as it was"),
        ("a changed requester", DORA, sed(APPROVE + "; s/^uid: 0/uid: 7/"), "must stay as it was"),
        ("a changed line above all", DORA, sed(APPROVE + "; 1s/---/--- # hello/"), "must stay as it was"),
        ("text after the end mark", DORA, python("put(path, good + 'decision: approve\\n')"),
         "after the end mark"),
        ("a duplicate decision", DORA, sed("s/^decision: pending/decision: approve\\ndecision: deny/"),
         "expected"),
        ("a duplicate decision below", DORA, sed(APPROVE + "; s/^\\.\\.\\./decision: deny\\n.../"), ""),
        ("half a file", DORA, python("put(path, good[:len(good) // 2])"), ""),
        ("a file without its end mark", DORA, python("put(path, good[:-4])"), "end mark"),
        ("a half file in place of it", DORA,
         python("put(path + '.n', good[:-4]); os.rename(path + '.n', path)"), "end mark"),
        ("only the answer", DORA, python("put(path, 'decision: approve\\nreason: fine\\n...\\n')"),
         "must stay"),
        ("bytes that are no UTF-8", DORA,
         python("put(path, good.replace('reason:', 'reason: \\udcff').encode(errors='surrogateescape'))"), "UTF-8"),
        ("a zero byte", DORA, python("put(path, good.replace('reason:', 'reason: \\0'))"), "UTF-8"),
        ("a file far too large", DORA, python("put(path, good + '#' * 4000000)"), ""),
        ("who is in no group", OTHER, [sys.executable, "-c", "open(__import__('sys').argv[1], 'r+')", "{path}"],
         ""),
        ("who is in no group by sed", OTHER, sed(APPROVE), ""),
        ("mv into denied/", DORA, ["sh", "-c", "mv '{path}' \"$(dirname '{path}')/../denied/\""], ""),
        ("mv under another name", DORA,
         ["sh", "-c", "mv '{path}' \"$(dirname '{path}')/../approved/r-0000000000.yaml\""], ""),
    ]


def check_refusals(desk):
    tap = desk.tap
    sql, request, path = desk.ask()
    whole = open(path).read()
    for name, uid, arguments, part in refusals():
        result = run(desk, uid, [a.replace("{path}", path) for a in arguments])
        reason = run(desk, uid, ["cat", os.path.join(desk.rig.mount, ".error")]).stdout
        tap.ok(result.returncode != 0 and result.stderr, desk.name("refused: " + name + ": the command fails"),
               "exit %d\n%s" % (result.returncode, result.stderr))
        if part:
            tap.like(reason, part, desk.name("refused: " + name + ": .error says why"))
        tap.is_(desk.state(request), "pending", desk.name("refused: " + name + ": it stays pending"))
    desk.rig.wait(lambda: os.path.exists(path), "the name of the request", 5)
    tap.is_(open(path).read(), whole, desk.name("refused saves leave the request as it was"))
    for name in desk.leftovers():
        os.unlink(os.path.join(desk.pending_folder, name))
    tap.like(desk.send(sql), "(71002)", desk.name("the statement still waits"))
    return path, request


def editor_shows_refusal(desk):
    """An editor's user sees that the save failed."""
    _, request, path = desk.ask()
    code, screen = in_terminal(desk, DORA, ["vim", path], [
        ":%s/^decision: pending/decision: yes/\r", ":wq\r", "\r", ":q!\r"])
    desk.tap.ok(re.search(r"E\d+|error|fail", screen, re.I) and desk.state(request) == "pending",
                desk.name("vim shows that a wrong word was not saved"), (code, screen[-500:]))
    code, screen = in_terminal(desk, DORA, ["nano", path], [
        "\x1c", "decision: pending\r", "decision: yes\r", "a", "\x0f", "\r", "\x18", "n"])
    desk.tap.ok("Error" in screen and desk.state(request) == "pending",
                desk.name("nano shows that a wrong word was not saved"), (code, screen[-500:]))
    desk.rig.wait(lambda: os.path.exists(path), "the name of the request", 5)
    for name in desk.leftovers():
        os.unlink(os.path.join(desk.pending_folder, name))


KILLED = """
import os, sys, time
path = sys.argv[1]
text = open(path).read().replace("decision: pending", "decision: approve").encode()
cut = int(len(text) * float(sys.argv[2])) if sys.argv[2] != "all" else len(text) - 4
fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
for at in range(0, cut, 100):
    os.write(fd, text[at:min(at + 100, cut)])
print("ready", flush=True)
time.sleep(60)
"""


def killed_writers(desk):
    """A writer that dies half-way decides nothing, whoever closes its file."""
    _, request, path = desk.ask()
    whole = open(path).read()
    for cut in ("0.5", "0.95", "all"):
        process = subprocess.Popen(["setpriv", "--reuid", str(DORA), "--regid", str(DORA), "--clear-groups",
                                    sys.executable, "-c", KILLED, path, cut], stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        process.kill()
        process.wait()
        time.sleep(0.1)
        desk.tap.ok(desk.state(request) == "pending" and open(path).read() == whole,
                    desk.name("a writer killed at %s of the file decides nothing" % cut), desk.state(request))
    good = run(desk, DORA, ["sed", "-i", APPROVE, path])
    desk.tap.ok(good.returncode == 0 and desk.state(request) == "approved",
                desk.name("and the request can be answered after that"), good)


def own_request(desk):
    """Rita is in the group, and asks herself."""
    sql, request, path = desk.ask(uid=RITA)
    for uid, who in ((RITA, "the requester"), (RITA_TOO, "the requester's other account")):
        for name, arguments in (("sed -i", sed(APPROVE)), ("a write", python("put(path, good)")),
                                ("mv", ["sh", "-c", "mv '{path}' \"$(dirname '{path}')/../approved/\""])):
            result = run(desk, uid, [a.replace("{path}", path) for a in arguments])
            reason = run(desk, uid, ["cat", os.path.join(desk.rig.mount, ".error")]).stdout
            desk.tap.ok(result.returncode != 0 and desk.state(request) == "pending",
                        desk.name("%s cannot approve by %s" % (who, name)), result)
            desk.tap.like(reason, "own request", desk.name("%s is told why (%s)" % (who, name)))
    good = run(desk, EMIL, ["sed", "-i", APPROVE, path])
    desk.tap.ok(good.returncode == 0 and desk.state(request) == "approved",
                desk.name("somebody else can"), good)
    desk.tap.ok(desk.send(sql) not in ("1",), desk.name("the grant is not another account's"))
    desk.tap.is_(desk.send(sql, RITA), "1", desk.name("the grant is the requester's"))


def second_answer(desk):
    _, request, path = desk.ask()
    text = open(path).read()
    run(desk, DORA, ["sed", "-i", APPROVE, path])
    write = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
    late = run(desk, EMIL, [sys.executable, "-c", write, path,
                            text.replace("decision: pending\nreason:", "decision: deny\nreason: late")])
    desk.tap.ok(late.returncode != 0 and late.stderr, desk.name("a second answer after the first fails"), late)
    desk.tap.is_(desk.state(request), "approved", desk.name("and changes nothing"))
    desk.tap.is_(desk.leftovers(), [], desk.name("and leaves nothing behind"))
    for name in desk.leftovers():
        os.unlink(os.path.join(desk.pending_folder, name))


def two_persons(desk):
    tap = desk.tap
    sql, request, path = desk.ask(table="orders")
    first = run(desk, DORA, ["sed", "-i", APPROVE, path])
    tap.ok(first.returncode == 0 and desk.state(request) == "pending",
           desk.name("one of two approvals is taken and is not enough"), (first, desk.state(request)))
    tap.like(desk.send(sql), "(71002)", desk.name("the statement still waits for the second person"))
    again = run(desk, DORA, ["sed", "-i", APPROVE.replace("fine", "again"), path])
    reason = run(desk, DORA, ["cat", os.path.join(desk.rig.mount, ".error")]).stdout
    tap.ok(again.returncode != 0 and desk.state(request) == "pending",
           desk.name("the same person twice is not two persons"), again)
    tap.like(reason, "answered", desk.name("and is told so"))
    same = run(desk, DORA, ["sed", "-i", APPROVE, path])
    tap.ok(desk.state(request) == "pending", desk.name("nor with the very same words"), same)
    moved = run(desk, DORA, ["sh", "-c", "mv '%s' '%s/../approved/'" % (path, desk.pending_folder)])
    tap.ok(moved.returncode != 0 and desk.state(request) == "pending", desk.name("nor by mv"), moved)
    # word for word what the first wrote
    second = run(desk, EMIL, ["sed", "-i", APPROVE, path])
    tap.ok(second.returncode == 0 and desk.state(request) == "approved",
           desk.name("the second person's approval is enough"), (second, desk.state(request)))
    tap.is_(desk.send(sql), "1", desk.name("the statement that two approved runs"))
    sql, request, path = desk.ask(table="orders")
    run(desk, DORA, ["sed", "-i", APPROVE, path])
    seen = run(desk, EMIL, ["cat", path]).stdout
    tap.ok("\ndecision: pending\nreason:\n...\n" in seen,
           desk.name("the second person decides from a file that is undecided"), seen[-100:])
    no = run(desk, EMIL, ["sed", "-i", "s/^decision: pending/decision: deny/; s/^reason:/reason: no/", path])
    tap.ok(no.returncode == 0 and desk.state(request) == "denied",
           desk.name("one denial outweighs an approval"), (no, desk.state(request)))
    tap.like(desk.send(sql), "(7100", desk.name("the denied statement does not run"))


def looking_only(desk):
    """Opening and leaving, touching, listing and searching decide nothing."""
    _, request, path = desk.ask()
    in_terminal(desk, DORA, ["vim", path], [":wq\r"])
    in_terminal(desk, DORA, ["nano", path], ["\x0f", "\r", "\x18"])
    for arguments in (["touch", path], ["cat", path], ["grep", "-r", "decision", desk.pending_folder],
                      ["cp", path, home_of(desk.rig, DORA) + "/copy.yaml"], ["truncate", "-s", "0", path],
                      ["sh", "-c", ": > '%s'" % path], ["chmod", "600", path]):
        run(desk, DORA, arguments)
    run(desk, DORA, ["rm", "-f", path])
    desk.rig.wait(lambda: os.path.exists(path), "the name of the request", 5)
    desk.tap.is_((desk.state(request), open(path).read().count("decision: pending")), ("pending", 1),
                 desk.name("saving unchanged, touch, truncate and rm decide nothing"))
    desk.tap.is_(desk.leftovers(), [], desk.name("and leave nothing behind"))


def ledger(tap, the_rig):
    answers = [r["unmapped"]["guard"] for r in the_rig.ledger() if r["unmapped"]["guard"]["record"] == "answer"]
    refused = [a for a in answers if a.get("what") == "refused"]
    approved = [a for a in answers if a.get("what") == "approved"]
    tap.ok(len(approved) > 10, "the ledger holds the approvals", len(approved))
    tap.ok(len(refused) > 10, "the ledger holds the refused saves", len(refused))
    result = the_rig.guardctl("verify", os.path.join(the_rig.state, "audit"))
    tap.is_(result.returncode, 0, "the chain verifies")


def main():
    rig.need_root()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all is put away
    tap = rig.Tap()
    only = os.environ.get("OG_ENGINE", "sp")
    the_rig = rig.Rig({"shop.yaml": POLICY}, CONFIG)
    rows = "".join("INSERT INTO %s VALUES (%d, 1, %s);\n" % (table, 1000 + n, more) for n in range(1, 100)
                   for table, more in (("payments", "1, 'open'"), ("orders", "'2026-01-01', 1")))
    desks = []
    if "s" in only:
        the_rig.sqlite("edit_s", rig.SHOP_SQL + rows)
        desks.append(Desk(tap, the_rig, "SQLite", "edit_s-guarded"))
    if "p" in only:
        the_rig.postgresql("edit_p", rig.SHOP_SQL + rows)
        desks.append(Desk(tap, the_rig, "PostgreSQL", "edit_p-guarded"))
    the_rig.start()
    for desk in desks[:1]:  # editors know nothing of engines
        for name, how in approvals():
            check_approval(desk, name, how)
        control_file(desk)
        check_refusals(desk)
        editor_shows_refusal(desk)
        killed_writers(desk)
        second_answer(desk)
        looking_only(desk)
    for desk in desks:
        check_approval(desk, "sed -i, once more", command("sed", "-i", APPROVE, "{path}"))
        own_request(desk)
        two_persons(desk)
    ledger(tap, the_rig)
    tap.done()


main()
