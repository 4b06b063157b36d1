#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Ways in which editors, commands and languages save a file, each by an ordinary account of the approver group:
first on a copy on a local disk of the same owner and mode, then on the request in the mount. The tool ends as it
does locally, and the request is approved; with a wrong word in the decision nothing is, in any way, and the ways
that look at errors say so. Interactive editors have their own test (test_editors.py).
`test_save.py --write` writes the table of docs/ways-to-save.md, which must be what was seen."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

POLICY = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
rules:
  - id: read
    when: {effect: select}
    then: allow
  - id: ask
    when: {effect: [delete]}
    then: approve
    by: {group: dba, within: 30m}
"""
APPROVE = "s/^decision: pending/decision: approve/"
PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "ways-to-save.md")
MARKS = ("<!-- ways: written by tests/live/test_save.py --write -->\n", "<!-- end of ways -->\n")

# name, how it saves, tool that must be there, script. $X is the file, $NEW another one with the text that it shall
# have, $S a folder for anything else. Each is run by sh, in the folder of the file.
IN_PLACE, RENAMED, AWAY, ANEW, BESIDE = ("in place", "renamed over", "the old one renamed away", "removed and made anew",
                                         "one value")
WAYS = [
    ("cat >", IN_PLACE, "cat", 'cat "$NEW" > "$X"'),
    ("cat >|", IN_PLACE, "cat", 'cat "$NEW" >| "$X"'),
    ("cp", IN_PLACE, "cp", 'cp "$NEW" "$X"'),
    ("cp -f", IN_PLACE, "cp", 'cp -f "$NEW" "$X"'),
    ("cp --remove-destination", ANEW, "cp", 'cp --remove-destination "$NEW" "$X"'),
    ("cp --backup", AWAY, "cp", 'cp --backup=simple --suffix=.old "$NEW" "$X" && rm -f "$X.old"'),
    ("cp --no-preserve=all", IN_PLACE, "cp", 'cp --no-preserve=all "$NEW" "$X"'),
    ("install -m 660", ANEW, "install", 'install -m 660 "$NEW" "$X"'),
    ("mv from another disk", ANEW, "mv", 'cp "$NEW" "$S/far" && mv "$S/far" "$X"'),
    ("mv in the folder", RENAMED, "mv", 'cp "$NEW" near.tmp && mv near.tmp "$X"'),
    ("mv -f in the folder", RENAMED, "mv", 'cp "$NEW" .near && mv -f .near "$X"'),
    ("mv away, then cp", AWAY, "mv", 'mv "$X" "$X.orig" && cp "$NEW" "$X" && rm -f "$X.orig"'),
    ("tee", IN_PLACE, "tee", 'tee "$X" < "$NEW" > /dev/null'),
    ("dd", IN_PLACE, "dd", 'dd if="$NEW" of="$X" status=none'),
    ("dd bs=16", IN_PLACE, "dd", 'dd if="$NEW" of="$X" bs=16 status=none'),
    ("dd conv=fsync", IN_PLACE, "dd", 'dd if="$NEW" of="$X" conv=fsync status=none'),
    ("sort -o", IN_PLACE, "sort", 'sort -m -o "$X" "$NEW"'),  # one file, taken as it is
    ("sponge", RENAMED, "sponge", 'sed "%s" "$X" | sponge "$X"' % APPROVE),
    ("sed w", IN_PLACE, "sed", 'sed -n "w $X" "$NEW"'),
    ("sed -i", RENAMED, "sed", 'sed -i "%s" "$X"' % APPROVE),
    ("sed -i.bak", AWAY, "sed", 'sed -i.bak "%s" "$X" && rm -f "$X.bak"' % APPROVE),
    ("sed > temporary, cat >", IN_PLACE, "sed", 'sed "%s" "$X" > "$S/t" && cat "$S/t" > "$X"' % APPROVE),
    ("perl -i", RENAMED, "perl", 'perl -i -pe "%s" "$X"' % APPROVE),
    ("perl -i.bak", AWAY, "perl", 'perl -i.bak -pe "%s" "$X" && rm -f "$X.bak"' % APPROVE),
    ("perl open >", IN_PLACE, "perl", "perl -e 'open I, q(<), $ENV{NEW} or die; open O, q(>), $ENV{X} or die; "
                                      "print O <I> or die; close O or die qq($!\\n)'"),
    ("gawk -i inplace", RENAMED, "gawk", "gawk -i inplace '{sub(/^decision: pending/, ENVIRON[\"WORD\"])} 1' \"$X\""),
    ("awk > temporary, mv", RENAMED, "awk",
     "awk '{sub(/^decision: pending/, ENVIRON[\"WORD\"])} 1' \"$X\" > .t && mv .t \"$X\""),
    ("patch", RENAMED, "patch", 'diff -u "$X" "$NEW" > "$S/p"; patch -s "$X" "$S/p"'),
    ("ed", IN_PLACE, "ed", 'printf "%%s\\n" "%s" w q | ed -s "$X"' % (APPROVE.replace("s/", ",s/", 1))),
    ("ex", IN_PLACE, "ex", 'ex -s -u NONE -c "%%%s" -c wq "$X"' % APPROVE),
    ("vim -es, backupcopy=no", AWAY, "vim",
     'vim -es -u NONE -c "set backupcopy=no writebackup" -c "%%%s" -c wq "$X"' % APPROVE),
    ("vim -es, backupcopy=yes", IN_PLACE, "vim",
     'vim -es -u NONE -c "set backupcopy=yes writebackup" -c "%%%s" -c wq "$X"' % APPROVE),
    ("rsync --ignore-times", RENAMED, "rsync", 'rsync --ignore-times "$NEW" "$X"'),
    ("rsync --inplace", IN_PLACE, "rsync", 'rsync --inplace --ignore-times "$NEW" "$X"'),
    ("busybox cp", IN_PLACE, "busybox", 'busybox cp "$NEW" "$X"'),
    ("busybox sed -i", RENAMED, "busybox", 'busybox sed -i "%s" "$X"' % APPROVE),
    ("busybox dd", IN_PLACE, "busybox", 'busybox dd if="$NEW" of="$X" 2> /dev/null'),
    ("bash printf, a line each", IN_PLACE, "bash",
     "bash -c 'while IFS= read -r l; do printf \"%s\\n\" \"$l\"; done < \"$NEW\" > \"$X\"'"),
    ("bash two commands in braces", IN_PLACE, "bash",
     "bash -c '{ head -n 3 \"$NEW\"; tail -n +4 \"$NEW\"; } > \"$X\" 2> /dev/null; true'"),
    ("zsh", IN_PLACE, "zsh", "zsh -fc 'cat < \"$NEW\" >| \"$X\"'"),
    ("python 'w'", IN_PLACE, "python3", "/usr/bin/python3 -c 'import os\nwith open(os.environ[\"X\"], \"w\") as f:\n    "
                                        "f.write(open(os.environ[\"NEW\"]).read())'"),
    ("python 'r+' and truncate", IN_PLACE, "python3",
     "/usr/bin/python3 -c 'import os\nwith open(os.environ[\"X\"], \"r+\") as f:\n    f.write(open(os.environ[\"NEW\"])."
     "read())\n    f.truncate()'"),
    ("python os.replace", RENAMED, "python3",
     "/usr/bin/python3 -c 'import os\nx = os.environ[\"X\"]\nopen(x + \"~t\", \"w\").write(open(os.environ[\"NEW\"])."
     "read())\nos.replace(x + \"~t\", x)'"),
    ("python shutil.copyfile", IN_PLACE, "python3",
     "/usr/bin/python3 -c 'import os, shutil; shutil.copyfile(os.environ[\"NEW\"], os.environ[\"X\"])'"),
    ("python mmap copy", IN_PLACE, "python3",
     "/usr/bin/python3 -c 'import os\nfd = os.open(os.environ[\"X\"], os.O_WRONLY | os.O_TRUNC)\nos.write(fd, open("
     "os.environ[\"NEW\"], \"rb\").read())\nos.fsync(fd)\nos.close(fd)'"),
    ("jq -r >", IN_PLACE, "jq", 'jq -Rr . "$NEW" > "$X"'),
    ("curl -o", IN_PLACE, "curl", 'curl -s -o "$X" "file://$NEW"'),
    ("openssl base64 -d -out", IN_PLACE, "openssl", 'openssl base64 -in "$NEW" | openssl base64 -d -out "$X"'),
    ("xxd -r", IN_PLACE, "xxd", 'xxd "$NEW" | xxd -r - "$X"'),
    ("tar x", ANEW, "tar", 'mkdir "$S/d" && cp "$NEW" "$S/d/$(basename "$X")" && tar c -C "$S/d" "$(basename "$X")" | '
                           'tar x --no-same-owner -m'),
    ("socat", IN_PLACE, "socat", 'socat -u "OPEN:$NEW" "OPEN:$X,trunc"'),
    ("tclsh", IN_PLACE, "tclsh", "printf '%s' 'set i [open $env(NEW)]; set o [open $env(X) w]; fconfigure $i -encoding "
                                 "utf-8; fconfigure $o -encoding utf-8; puts -nonewline $o [read $i]; close $o' | tclsh"),
    ("git's way: X.lock", RENAMED, "sh", 'cp "$NEW" "$X.lock" && mv "$X.lock" "$X"'),
]
# A wrong answer that these do not tell: their last command looks at nothing.
SILENT = {"bash two commands in braces"}


class Desk:
    def __init__(self, the_rig):
        self.rig = the_rig
        self.folder = os.path.join(the_rig.mount, "approvals", "pending")
        self.connection = pyodbc.connect("DSN=lite-guarded;GuardApproval=fail", autocommit=True)
        self.n = 0
        self.local = the_rig.path("local")
        os.mkdir(self.local)
        os.chmod(self.local, 0o777)

    def ask(self):
        self.n += 1
        try:
            self.connection.cursor().execute("DELETE FROM jobs WHERE id = %d" % self.n)
        except pyodbc.Error as error:
            return re.search(r"request=(r-[0-9A-Z]{10})", str(error)).group(1)
        raise RuntimeError("it ran")

    def state(self, request):
        return self.rig.read("approvals", "requests", request, "status").strip()

    def save(self, way, path, word):
        """Runs the way on a file. Returns: exit code, what it said."""
        scratch = self.rig.path("scratch")
        shutil.rmtree(scratch, ignore_errors=True)
        os.mkdir(scratch)
        os.chmod(scratch, 0o777)
        new = os.path.join(scratch, "new")
        with open(path) as old, open(new, "w") as file:
            file.write(old.read().replace("decision: pending", "decision: " + word))
        os.chmod(new, 0o644)
        script = way[3].replace("decision: approve", "decision: " + word)
        done = self.rig.as_uid(rig.APPROVER_UID, ["sh", "-c", script], cwd=os.path.dirname(path), timeout=60, env=dict(
            os.environ, X=path, NEW=new, S=scratch, WORD="decision: " + word, HOME=scratch, LC_ALL="C.UTF-8"))
        return done.returncode, (done.stdout + done.stderr).strip()


def try_way(tap, desk, way):
    """Returns the way's row of the table."""
    name = way[0]
    request = desk.ask()
    path = os.path.join(desk.folder, request + ".yaml")
    local = os.path.join(desk.local, request + ".yaml")
    shutil.copyfile(path, local)
    info = os.stat(path)
    os.chown(local, info.st_uid, info.st_gid)
    os.chmod(local, info.st_mode & 0o777)
    if info.st_uid == 0:  # the mount decides by role, a disk by owner and group
        os.chmod(local, 0o666)
    wrong_code, wrong_said = desk.save(way, path, "approved")
    tap.is_(desk.state(request), "pending", name + ": a wrong word approves nothing")
    if name not in SILENT:
        tap.ok(wrong_code != 0 or wrong_said, name + ": and the tool says that it failed", (wrong_code, wrong_said))
    error = desk.rig.as_uid(rig.APPROVER_UID, ["cat", os.path.join(desk.rig.mount, ".error")]).stdout
    tap.ok(request in error and "decision" in error, name + ": the reason is in .error", error)
    desk.rig.wait(lambda: os.path.exists(path), name + ": the request's file", 20)
    local_code, local_said = desk.save(way, local, "approve")
    code, said = desk.save(way, path, "approve")
    tap.is_((code, said), (local_code, local_said), name + ": ends as on a local disk")
    tap.is_(desk.state(request), "approved", name + ": approves")
    return "| `%s` | %s | %s | %s |\n" % (name.replace("|", "\\|"), way[1], "approved" if desk.state(request) == "approved"
                                        else "NOT approved", "says so" if wrong_code or wrong_said else "silent; see `.error`")


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": POLICY}, rig.SHOP_CONFIG)
    the_rig.sqlite("lite", "CREATE TABLE jobs (id INTEGER PRIMARY KEY);")
    the_rig.start()
    desk = Desk(the_rig)
    only = os.environ.get("OG_WAY")
    rows = []
    for way in WAYS:
        if only and way[0] != only:
            continue
        if not shutil.which(way[2]):
            tap.ok(False, way[0] + ": " + way[2] + " is not installed")
            continue
        rows.append(try_way(tap, desk, way))
    left = [n for n in os.listdir(desk.folder) if not re.fullmatch(r"r-[0-9A-Z]{10}\.yaml", n)]
    tap.is_(left, [], "nothing else is left in the folder")
    text = "".join(rows)
    page = open(PAGE).read()
    begin, end = page.index(MARKS[0]) + len(MARKS[0]), page.index(MARKS[1])
    table = "\n| Way | How it saves | A right answer | A wrong one |\n|---|---|---|---|\n" + text + "\n"
    if "--write" in sys.argv:
        with open(PAGE, "w") as file:
            file.write(page[:begin] + table + page[end:])
    elif not only:
        tap.is_(page[begin:end], table, "the table of docs/ways-to-save.md is what was seen")
    desk.connection.close()
    the_rig.close()
    tap.done()


main()
