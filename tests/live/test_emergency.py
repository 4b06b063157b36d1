#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Approvals and time: break-glass by one person for all that the rules ask for, loud and never for one's own
request; a maintenance window in which alone a grant is good; reminders, and none of them in quiet hours, in which
no request runs out; what became of the same statement before. Every refusal has its twin that is taken."""
import datetime
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")
from asked import Shop  # noqa: E402

ONCALL, SECOND = 61011, 61012
POLICY = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
rules:
  - id: read
    when: {effect: select}
    then: allow
  - id: writes
    when: {effect: [insert, update, delete]}
    then: approve
    by: {group: dba, count: 2, within: 30m}
"""
DDL = "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT); INSERT INTO jobs VALUES (1, 'new'), (2, 'new');"
WHY = "the disk is full and nobody else is awake"


def clock(minutes):
    """HH:MM of UTC so many minutes from now."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)).strftime("%H:%M")


def config(approvals="", window=""):
    return """
people: {dora: ["uid:%d"], dan: ["uid:%d"], otto: ["uid:%d", "uid:%d"]}
groups: {dba: [user:dora, user:dan]}
roles: {admin: [user:dora], auditor: [user:dora], approver: [group:dba], break-glass: [user:otto]}
targets: {lite: {labels: [env:test]%s}}
%s
""" % (rig.APPROVER_UID, SECOND, ONCALL, rig.OTHER_UID, window, approvals)


def world(approvals="", window=""):
    the_rig = rig.Rig({"shop.yaml": POLICY}, config(approvals, window))
    the_rig.sqlite("lite", DDL)
    return the_rig.start()


def events(the_rig, what):
    return [record for record in the_rig.ledger() if record["unmapped"]["guard"].get("what") == what]


def as_(shop, uid, how, name):
    done = shop.rig.as_uid(uid, ["sed", "-i", how, shop.path(name)])
    return shop.rig.as_uid(uid, ["cat", os.path.join(shop.rig.mount, ".error")]).stdout if done.returncode else ""


def answered(decision, reason=""):
    return "s/^decision: pending/decision: %s/; s/^reason:.*/reason: %s/" % (decision, reason)


def asked(shop, cursor, sql):
    name, text, error = shop.request(lambda: cursor.execute(sql))
    shop.tap.ok(name and "(71002)" in error, "a request is made for: " + sql, error)
    return name, text


def break_glass(tap, the_rig):
    shop = Shop(tap, the_rig, "SQLite", "lite")
    cursor = shop.guarded().cursor()
    sql = "UPDATE jobs SET state = 'done' WHERE id = 1"
    name, text = asked(shop, cursor, sql)
    tap.ok("asked-before" not in text, "it was not asked for before", text)
    tap.like(as_(shop, rig.APPROVER_UID, answered("break-glass", WHY), name), "takes the role break-glass",
             "an approver without the role breaks no glass")
    tap.like(as_(shop, ONCALL, answered("approve", WHY), name), "for decision: break-glass alone",
             "who has the role alone cannot approve as if asked")
    tap.like(as_(shop, ONCALL, answered("break-glass"), name), "needs a reason", "nor break the glass without a reason")
    tap.like(as_(shop, ONCALL, answered("break-glass", WHY) + "; s/^reason:.*/&\\nuses: 5/", name), "go with decision: approve",
             "nor for more than one execution")
    tap.ok(name in shop.pending(), "all of that answered nothing")
    tap.is_(as_(shop, ONCALL, answered("break-glass", WHY), name), "", "with a reason, alone, it is taken")
    cursor.execute(sql)
    tap.is_(shop.one("SELECT state FROM jobs WHERE id = 1"), "done", "and the statement runs")
    record = events(the_rig, "break-glass")
    tap.is_([(r["severity"], r["is_alert"], r["unmapped"]["guard"]["by"]) for r in record],
            [("Critical", True, "user:otto")], "the ledger has it as critical")
    tap.like(str(record), WHY, "with the reason")
    tap.like(the_rig.read("health"), "user:otto broke the glass for " + name[:12], "health shows it")
    tap.like(the_rig.read("metrics/odbcguard.prom"), "odbcguard_emergencies_total 1\n", "metrics count it")
    name, text = asked(shop, cursor, sql)
    tap.like(text, "asked-before: \"1 time in 7 days: 1 approved, 0 denied", "the next request tells what was before")
    digest = the_rig.read("approvals", "requests", name[:12], "digest")[:8]
    done = the_rig.as_uid(ONCALL, ["sh", "-c", "echo 'break-glass %s %s' > '%s'" % (
        digest, WHY, os.path.join(the_rig.mount, "approvals/requests", name[:12], "decision"))])
    tap.is_((done.returncode, done.stderr), (0, ""), "the one-value file takes the word as well")
    cursor.execute(sql)
    own(tap, the_rig)
    restart(tap, the_rig)


def own(tap, the_rig):
    """Asked by one of otto's two accounts, answered from the other."""
    script = ("import pyodbc\nc = pyodbc.connect('DSN=lite-guarded;GuardApproval=fail', autocommit=True)\n"
              "c.cursor().execute('DELETE FROM jobs WHERE id = 2')\n")
    shop = Shop(tap, the_rig, "SQLite", "lite")
    before = shop.pending()
    the_rig.as_uid(rig.OTHER_UID, ["/usr/bin/python3", "-c", script])
    name = (shop.pending() - before).pop()
    digest = the_rig.read("approvals", "requests", name[:12], "digest")[:8]
    done = the_rig.as_uid(ONCALL, ["sh", "-c", "echo 'break-glass %s %s' > '%s'" % (
        digest, WHY, os.path.join(the_rig.mount, "approvals/requests", name[:12], "decision"))])
    tap.ok(done.returncode != 0 and name in shop.pending(),
           "nobody breaks the glass for an own request, from another account either", done)
    tap.is_(as_(shop, rig.APPROVER_UID, answered("approve"), name), "", "one of two approves it")
    tap.ok(name in shop.pending(), "which is not enough")
    tap.is_(as_(shop, SECOND, answered("approve"), name), "", "the second one does")
    tap.ok(name not in shop.pending(), "and that is")


def restart(tap, the_rig):
    the_rig.stop()
    the_rig.start()
    tap.like(the_rig.read("health"), "broke the glass", "health still shows it after a restart")
    done = the_rig.guardctl("approvals", "break-glass", "r-0123456789")
    tap.ok(done.returncode == 2 and "needs --reason" in done.stderr, "guardctl wants a reason", done)


def window(tap, minutes):
    is_open = minutes == 0
    begin = clock(minutes - 1)
    the_rig = world(window=', window: {from: "%s", to: "%s"}' % (begin, clock(minutes + 120)))
    shop = Shop(tap, the_rig, "SQLite", "lite")
    cursor = shop.guarded().cursor()
    sql = "UPDATE jobs SET state = 'late' WHERE id = 1"
    name, text = asked(shop, cursor, sql)
    tap.like(text, 'runs-only: "%s-' % begin, "the request says when it may run")
    for uid in (rig.APPROVER_UID, SECOND):
        tap.is_(as_(shop, uid, answered("approve"), name), "", "it is approved")
    said = ""
    try:
        cursor.execute(sql)
    except pyodbc.Error as error:
        said = str(error)
    if is_open:
        tap.is_((said, shop.one("SELECT state FROM jobs WHERE id = 1")), ("", "late"), "in the window it runs")
    else:
        tap.ok("maintenance window" in said and re.search(r"retry_after=3[0-9]{4}", said),
               "outside of it it does not, and says when", said)
        tap.is_(shop.one("SELECT state FROM jobs WHERE id = 1"), "new", "nothing was changed")
        grant = the_rig.read("approvals", "grants", name)
        left = int(re.search(r"for: (\d+)s", grant).group(1))
        tap.ok("used: 0" in grant and left > 36000, "the grant is unused and good until the window's end", grant)
    the_rig.close()


def reminders(tap, is_quiet):
    quiet = 'approvals: {remind-after: 1s, quiet: {from: "%s", to: "%s"}}'
    the_rig = world(quiet % (clock(-60 if is_quiet else 300), clock(600)))
    shop = Shop(tap, the_rig, "SQLite", "lite")
    cursor = shop.guarded().cursor()
    name, text = asked(shop, cursor, "DELETE FROM jobs")
    created, expires = re.findall(r"^(?:created|expires): (\S+)Z$", text, re.M)
    within = (datetime.datetime.fromisoformat(expires) - datetime.datetime.fromisoformat(created)).total_seconds()
    if is_quiet:
        tap.ok(within > 9 * 3600, "a request of quiet hours runs out after they are over", within)
        later = shop.guarded().cursor()
        asked(shop, later, "DELETE FROM jobs WHERE id = 1")
        time.sleep(2.5)  # more than two reminders' time: the twin has them by then
        tap.is_(events(the_rig, "reminder"), [], "nobody is reminded in them")
    else:
        tap.is_(within, 1800, "else it has its half hour")
        the_rig.wait(lambda: len(events(the_rig, "reminder")) > 1, "two reminders")
        tap.like(str(events(the_rig, "reminder")[0]), name[:12], "a reminder names the request")
        tap.like(the_rig.read("health"), "1 request waits longer", "health counts it")
    the_rig.close()


def refused_configuration(tap):
    for text, why in (('approvals: {quiet: {from: "7:00", to: "08:00"}}', "no time of day"),
                      ('approvals: {quiet: {from: "07:00"}}', "from, to and days"),
                      ('approvals: {quiet: {from: "07:00", to: "07:00"}}', "are the same"),
                      ('approvals: {quiet: {from: "07:00", to: "08:00", days: [monday]}}', "no such day"),
                      ('approvals: {remind-after: soon}', "remind-after takes"),
                      ('approvals: {remind: 5m}', "approvals has the keys"),
                      ('roles: {glass: [uid:5]}', "no such role")):
        the_rig = rig.Rig({"shop.yaml": POLICY}, text)
        the_rig.start(wait=False)
        code = the_rig.guardfs.wait(30)
        said = open(the_rig.path("guardfs.log")).read()
        tap.ok(code == 78 and why in said, "refused: " + text, (code, said))
        the_rig.close()


def run(tap, name):
    if name == "glass":
        the_rig = world()
        break_glass(tap, the_rig)
        the_rig.close()
        refused_configuration(tap)
    elif name.startswith("window"):
        window(tap, 0 if name == "window-open" else 600)
    else:
        reminders(tap, name == "quiet")


if __name__ == "__main__":
    rig.need_root()
    rig.each_alone(run, ["glass", "window-open", "window-shut", "remind", "quiet"])
