#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An approver changes the statement in the request file, on SQLite and PostgreSQL: it is analysed, decided
and rehearsed anew as the requester's, shown as a new revision, and a second save confirms it; the client
gets its result with a warning that says so. What may not be put there is refused, and what was asked for
stands again. Grants: for a time, for uses, for rows, for any parameters; listed, shortened and revoked as
files. Every "it is refused" has its twin that runs."""
import os
import re
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")
from asked import Shop, refused  # noqa: E402

TABLES = """
CREATE TABLE payments (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL, status TEXT, ref TEXT);
CREATE TABLE hidden (id INTEGER PRIMARY KEY, n INTEGER);
INSERT INTO payments SELECT v, v, 'open', 'r' || v FROM %(s)s;
INSERT INTO hidden SELECT v, v FROM %(s)s;
"""
SERIES = {"SQLite": "(WITH RECURSIVE t(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM t WHERE v < 100) "
                    "SELECT v FROM t)", "PostgreSQL": "generate_series(1, 100) AS t(v)"}
POLICY = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
data:
  - columns: [payments.ref]
    mask: partial
rules:
  - id: read
    when: {effect: select, tables-except: [hidden]}
    then: allow
  - id: writes
    when: {effect: [insert, update], tables: [payments]}
    then: approve
    by: {group: dba, within: 30m}
  - id: removes
    when: {effect: delete}
    then: deny
"""
APPROVE = "s/^decision: pending/decision: approve/; s/^reason:/reason: fine/"


def revision(text):
    return int(re.search(r"^revision: (\d+)$", text, re.M).group(1))


def save(shop, name, how):
    """What the approver's sed -i said, or ""."""
    done = shop.rig.as_uid(rig.APPROVER_UID, ["sed", "-i", how, shop.path(name)])
    return done.stderr if done.returncode else ""


def why(shop):
    return shop.rig.as_uid(rig.APPROVER_UID, ["cat", os.path.join(shop.rig.mount, ".error")]).stdout


def text_of(shop, name):
    return shop.rig.read("approvals/pending", name)


def count(shop, status):
    return shop.one("SELECT count(*) FROM payments WHERE status = '%s'" % status)


def run_in_thread(shop, run):
    """A client that waits; its request's name is in the answer."""
    before, result = shop.pending(), {}

    def body():
        try:
            result["rows"], result["messages"] = run()
        except pyodbc.Error as error:
            result["error"] = "%s %s" % (error.args[0], error.args[1])

    thread = threading.Thread(target=body)
    thread.start()
    shop.rig.wait(lambda: shop.pending() - before, "a request", 30)
    return thread, result, (shop.pending() - before).pop()


def waiting(shop):
    """The client waits through it all."""
    tap, connection = shop.tap, shop.guarded(";GuardApprovalTimeout=60")

    def run():
        cursor = connection.cursor()
        cursor.execute("UPDATE payments SET status = 'wait'")
        return cursor.rowcount, cursor.messages

    thread, result, name = run_in_thread(shop, run)
    tap.like(text_of(shop, name), "100 updated", shop.name("the request shows every row"))
    said = save(shop, name, "s/^  UPDATE payments.*/& WHERE id <= 5/")
    tap.is_(said, "", shop.name("the approver narrows the statement"))
    shop.rig.wait(lambda: revision(text_of(shop, name)) == 3, "the measured revision", 30)
    text = text_of(shop, name)
    tap.ok("WHERE id <= 5" in text and "0 inserted, 5 updated" in text and "100 updated" not in text,
           shop.name("the next revision has what it would change"), text)
    tap.ok("sql-asked:" in text and 'amended-by: "user:dora"' in text,
           shop.name("and what was asked for, and who changed it"), text)
    tap.is_((count(shop, "wait"), result), (0, {}), shop.name("nothing runs before it is confirmed"))
    tap.is_(save(shop, name, APPROVE), "", shop.name("a second save confirms"))
    thread.join()
    tap.is_((result.get("rows"), count(shop, "wait")), (5, 5), shop.name("five rows, not a hundred"))
    tap.ok("01000" in str(result.get("messages")) and "user:dora changed this statement" in
           str(result.get("messages")), shop.name("the client is told"), result)
    connection.close()


def sent_again(shop):
    """The client does not wait; a stale revision cannot be approved."""
    tap, cursor = shop.tap, shop.guarded().cursor()
    sql = "UPDATE payments SET status = ? WHERE amount > ?"
    name, text, error = shop.request(lambda: cursor.execute(sql, "again", 40))
    tap.like(text, "60 updated", shop.name("sixty rows"))
    save(shop, name, APPROVE + "; s/^  UPDATE payments.*/& AND id <= 50/")
    text = text_of(shop, name)
    tap.ok(revision(text) == 2 and "decision: pending" in text and count(shop, "again") == 0,
           shop.name("a changed statement is not approved by the save that changes it"), text)
    tap.like(text, "not measured yet", shop.name("the change waits to be measured"))
    save(shop, name, APPROVE)
    tap.ok("not measured yet" in why(shop), shop.name("and cannot be approved before"), why(shop))
    _, _, error = shop.request(lambda: cursor.execute(sql, "again", 40))
    tap.ok("(71002)" in error and name[:12] in error, shop.name("sent again, it is measured and waits"), error)
    text = text_of(shop, name)
    tap.ok("10 updated" in text and revision(text) == 3, shop.name("with its own figures"), text)
    stale = text_of(shop, name).replace("revision: 3", "revision: 2").replace(
        "decision: pending", "decision: approve")
    done = shop.rig.as_uid(rig.APPROVER_UID, ["sh", "-c", "cat > '%s'" % shop.path(name)], input=stale)
    tap.ok(done.returncode != 0 and name in shop.pending(), shop.name("an earlier revision is not approved"), done)
    tap.is_(save(shop, name, APPROVE), "", shop.name("this one is"))
    cursor.execute(sql, "again", 40)
    tap.is_((cursor.rowcount, count(shop, "again")), (10, 10), shop.name("its parameters are the client's"))
    again, _, error = shop.request(lambda: cursor.execute(sql, "again", 40))
    tap.ok(again and again != name and "60 rows" in error,
           shop.name("the grant is used: the same text asks for itself again"), error)
    tap.is_(count(shop, "again"), 10, shop.name("and nothing more ran"))


def drift(shop):
    tap, cursor = shop.tap, shop.guarded().cursor()
    sql = "UPDATE payments SET status = 'drift' WHERE amount > 90"
    name, _, _ = shop.request(lambda: cursor.execute(sql))
    save(shop, name, "s/amount > 90/amount > 95/")
    shop.request(lambda: cursor.execute(sql))
    save(shop, name, APPROVE)
    shop.write("UPDATE payments SET amount = 200 WHERE id = 1")
    refused(shop, lambda: cursor.execute(sql), ["(71003)", "6 rows of payments now and not the 5 rows", "rows=6",
                                                "rows_approved=5"], "what was changed is held to its own figures")
    tap.is_(count(shop, "drift"), 0, shop.name("nothing of it stays"))
    shop.write("UPDATE payments SET amount = 1 WHERE id = 1")


def refusals(shop):
    """What an approver may not put there; each time what was asked for stands again."""
    tap, cursor = shop.tap, shop.guarded().cursor()
    sql = "UPDATE payments SET status = 'ref' WHERE id = ?"
    name, _, _ = shop.request(lambda: cursor.execute(sql, 3))
    for change, part in (("DELETE FROM payments WHERE id = ?", "removes"),
                         ("UPDATE payments SET status = 'ref' WHERE id IN (SELECT n FROM hidden WHERE n = ?)",
                          "hidden"),
                         ("UPDATE payments SET status = ref WHERE id = ?", "[shop/data] payments.ref"),
                         ("UPDATE payments SET status = 'ref' WHERE id = 3", "other parameters"),
                         ("SELECT id FROM payments WHERE id = ?", "result columns"),
                         ("UPDATE payments SET nowhere = 1 WHERE id = ?", "nowhere"),
                         ("UPDATE payments SET", "not understood"),
                         ("odbcguard undo u-0000000000", "odbcguard undo"),
                         ("UPDATE payments SET status = 'ref' WHERE id = ?; DELETE FROM payments", "more than one statement")):
        before = revision(text_of(shop, name))
        save(shop, name, "/^sql:/,/^[a-z]/s/^  .*/  %s/" % change)
        _, _, error = shop.request(lambda: cursor.execute(sql, 3))
        text = text_of(shop, name)
        note = "".join(re.findall(r"^note: .*$", text, re.M))
        tap.ok("(71002)" in error and "cannot run" in note and part in note and
               "status = 'ref' WHERE id = ?" in text and "1 updated" in text and revision(text) == before + 2,
               shop.name("refused in its place: " + change), "%s\n%s" % (error, text))
    tap.ok("decision: pending" in text, shop.name("what was asked for waits on"), text)
    for how, what in (("/^sql:/,/^[a-z]/s/^  .*/  /", "an empty statement"),
                      ("s/^target: .*/target: other/", "another target"),
                      ("s/^decision: .*/decision: approve/; s/^\\.\\.\\./uses: 0\\n.../", "no uses"),
                      ("s/^decision: .*/decision: approve/; s/^\\.\\.\\./for: 90d\\n.../", "too long a time")):
        save(shop, name, how)
        tap.ok("line " in why(shop) and name in shop.pending(), shop.name("no answer: " + what), why(shop))
    tap.is_(save(shop, name, APPROVE), "", shop.name("it can be approved as it was asked"))
    shop.rig.wait(lambda: name not in shop.pending(), "the answer", 20)
    cursor.execute(sql, 3)
    tap.is_((count(shop, "ref"), cursor.messages), (1, []), shop.name("and runs without a warning"))
    sql = "UPDATE payments SET status = 'back' WHERE amount > ?"
    name, _, _ = shop.request(lambda: cursor.execute(sql, 90))
    for change in ("amount > ? AND id < 99", "amount > ? AND id"):
        save(shop, name, "/^sql:/,/^[a-z]/s/amount > .*/%s/" % change)
        shop.request(lambda: cursor.execute(sql, 90))
    tap.like(text_of(shop, name), "10 updated", shop.name("its own figures are back"))
    save(shop, name, "s/^decision: pending/decision: approve/; s/^\\.\\.\\.$/uses: 2\\nparameters: any\\n.../")
    shop.write("UPDATE payments SET amount = 200 WHERE id = 1")
    refused(shop, lambda: cursor.execute(sql, 90), ["(71003)", "11 rows of payments now and not the 10 rows"],
            "and it is held to them")
    shop.write("UPDATE payments SET amount = 1 WHERE id = 1")


def at_once(shop):
    """The same for a text that is executed without being prepared."""
    tap, cursor = shop.tap, shop.guarded().cursor()
    sql = "UPDATE payments SET status = 'once' WHERE id = 4"
    name, _, _ = shop.request(lambda: cursor.execute(sql))
    for change, part in (("odbcguard undo u-0000000000", "odbcguard undo"), ("DROP TABLE payments", "allow")):
        save(shop, name, "/^sql:/,/^[a-z]/s/^  .*/  %s/" % change)
        shop.request(lambda: cursor.execute(sql))
        note = "".join(re.findall(r"^note: .*$", text_of(shop, name), re.M))
        tap.ok("cannot run" in note and part in note, shop.name("refused in its place, unprepared: " + change),
               text_of(shop, name))
    tap.is_((shop.one("SELECT count(*) FROM payments"), count(shop, "once")), (100, 0),
            shop.name("nothing of it ran"))
    save(shop, name, "s/^decision: pending/decision: deny/; s/^reason:/reason: enough/")
    refused(shop, lambda: cursor.execute(sql), ["(71003)", "enough"], "a changed request can be denied, and who sends it again is told")
    again, _, error = shop.request(lambda: cursor.execute(sql))
    tap.ok(again and again != name, shop.name("once"), error)


def manual(shop):
    """Inside of a transaction nobody waits; what was approved runs in the next one."""
    tap, connection = shop.tap, shop.guarded(autocommit=False)
    cursor = connection.cursor()
    sql = "UPDATE payments SET status = 'man' WHERE id <= 30"
    name, _, error = shop.request(lambda: cursor.execute(sql))
    connection.rollback()
    save(shop, name, "s/id <= 30/id <= 3/")
    cursor.execute("SELECT count(*) FROM payments").fetchall()
    _, _, error = shop.request(lambda: cursor.execute(sql))
    connection.rollback()
    tap.like(text_of(shop, name), "3 updated", shop.name("measured inside of a transaction"))
    save(shop, name, APPROVE)
    cursor.execute("SELECT count(*) FROM payments").fetchall()
    cursor.execute(sql)
    tap.ok(cursor.rowcount == 3 and "changed this statement" in str(cursor.messages),
           shop.name("and run inside of one"), (cursor.rowcount, cursor.messages))
    connection.rollback()
    tap.is_(count(shop, "man"), 0, shop.name("which can be rolled back"))
    connection.close()


def prepared(shop):
    """What was prepared stays what it is: only the execution was changed."""
    tap, connection = shop.tap, shop.guarded(";GuardApprovalTimeout=60")
    cursor = connection.cursor()
    sql = "UPDATE payments SET status = ? WHERE id > ? AND id < 100"

    def run():
        cursor.execute(sql, "prep", 80)
        return cursor.rowcount, cursor.messages

    for limit in (90, 95):
        thread, result, name = run_in_thread(shop, run)
        tap.like(text_of(shop, name), "19 updated", shop.name("each execution asks for what was prepared"))
        save(shop, name, "s/id < 100/id < %d/" % limit)
        shop.rig.wait(lambda: revision(text_of(shop, name)) == 3, "the measured revision", 30)
        save(shop, name, APPROVE)
        thread.join()
        tap.is_(result.get("rows"), limit - 81, shop.name("and runs as it was changed: %d" % limit))
    connection.close()


# ---- grants ----

def grant(shop, run, *terms):
    """Asks, and has it approved with terms. Returns the grant's name."""
    name, text, error = shop.request(run)
    if not name:
        raise RuntimeError("no request: " + error)
    lines = "".join(line + "\\n" for line in terms)
    said = save(shop, name, "s/^decision: pending/decision: approve/; s/^\\.\\.\\.$/%s.../" % lines)
    if said:
        raise RuntimeError(said + why(shop))
    return name


def put(shop, name, line, uid=rig.APPROVER_UID):
    path = os.path.join(shop.rig.mount, "approvals/grants", name)
    return shop.rig.as_uid(uid, ["sh", "-c", "echo '%s' > '%s'" % (line, path)])


def uses(shop):
    tap, cursor = shop.tap, shop.guarded().cursor()
    run = lambda: cursor.execute("UPDATE payments SET status = 'uses' WHERE id = ?", 9)
    name = grant(shop, run, "uses: 2")
    tap.ok(name in os.listdir(shop.rig.mount + "/approvals/grants"), shop.name("a grant is listed"))
    run()
    text = shop.rig.read("approvals/grants", name)
    tap.ok("uses: 2" in text and "used: 1" in text and "parameters: same" in text,
           shop.name("with what is left of it"), text)
    shop.rig.stop()
    shop.rig.start()
    cursor = shop.guarded().cursor()
    cursor.execute("UPDATE payments SET status = 'uses' WHERE id = ?", 9)
    tap.ok(True, shop.name("a second use, over a restart of guardfs"))
    tap.ok(name not in os.listdir(shop.rig.mount + "/approvals/grants"), shop.name("used up, it is gone"))
    again, _, error = shop.request(lambda: cursor.execute("UPDATE payments SET status = 'uses' WHERE id = ?", 9))
    tap.ok(again and "(71002)" in error, shop.name("a third asks"), error)


def shapes(shop):
    tap, cursor = shop.tap, shop.guarded().cursor()
    sql = "UPDATE payments SET status = 'shape' WHERE id <= ?"
    name = grant(shop, lambda: cursor.execute(sql, 3), "for: 2h", 'rows: "<= 5"', "parameters: any")
    for n in (3, 1, 5):
        cursor.execute(sql, n)
        tap.is_(cursor.rowcount, n, shop.name("a grant for a shape: %d rows" % n))
    shop.write("UPDATE payments SET status = 'open'")
    refused(shop, lambda: cursor.execute(sql, 6), ["(7100"], "more rows than it is for")
    tap.is_(count(shop, "shape"), 0, shop.name("nothing of it stays"))
    name = grant(shop, lambda: cursor.execute(sql, 2), "for: 2h", "uses: 10", 'rows: "<= 5"', "parameters: any")
    other, _, error = shop.request(lambda: cursor.execute("UPDATE payments SET status = 'shape' WHERE id >= ?", 99))
    tap.ok(other and other != name, shop.name("another statement asks for itself"), error)
    done = put(shop, name, 'rows: "<= 9"')
    tap.ok(done.returncode != 0, shop.name("a grant cannot be made good for more"), done)
    done = put(shop, name, 'rows: "<= 1"', rig.REQUESTER_UID)
    tap.ok(done.returncode != 0, shop.name("nor be changed by others"), done)
    done = put(shop, name, 'rows: "<= 1"')
    tap.ok(done.returncode == 0, shop.name("it can be made good for less"), done)
    cursor.execute(sql, 1)
    tap.is_(cursor.rowcount, 1, shop.name("what is left of it is good"))
    refused(shop, lambda: cursor.execute(sql, 2), ["(7100"], "what was taken off is not")


def revoking(shop):
    tap, cursor = shop.tap, shop.guarded().cursor()
    sql = "UPDATE payments SET status = 'rev' WHERE id = ?"
    for how in ("revoke", "rm"):
        name = grant(shop, lambda: cursor.execute(sql, 7), "for: 1h")
        cursor.execute(sql, 7)
        cursor.execute(sql, 7)
        path = os.path.join(shop.rig.mount, "approvals/grants", name)
        if how == "rm":
            done = shop.rig.as_uid(rig.REQUESTER_UID, ["rm", "-f", path])
            tap.ok(os.path.exists(path), shop.name("others cannot remove a grant"), done)
            done = shop.rig.as_uid(rig.APPROVER_UID, ["rm", path])
        else:
            done = put(shop, name, "revoke no longer needed")
        tap.ok(done.returncode == 0 and not os.path.exists(path), shop.name("%s takes a grant back" % how), done)
        again, _, error = shop.request(lambda: cursor.execute(sql, 7))
        tap.ok(again and again != name, shop.name("after %s it asks again" % how), error)
        save(shop, again, "s/^decision: pending/decision: deny/; s/^reason:/reason: enough/")
        refused(shop, lambda: cursor.execute(sql, 7), ["(71003)", "enough"], "and is told a denial")


def ledger(tap, the_rig):
    guard = [r["unmapped"]["guard"] for r in the_rig.ledger()]
    text = str(guard)
    for what in ("amended", "amendment measured", "amendment refused", "shortened", "revoked"):
        tap.like(text, "'%s'" % what, "the ledger has: " + what)


def main():
    tap = rig.Tap()
    rig.need_root()
    the_rig = rig.Rig({"shop.yaml": POLICY}, rig.SHOP_CONFIG)
    the_rig.sqlite("amend_s", TABLES % {"s": SERIES["SQLite"]})
    the_rig.postgresql("amend_p", TABLES % {"s": SERIES["PostgreSQL"]})
    the_rig.start()
    for engine, dsn in (("SQLite", "amend_s"), ("PostgreSQL", "amend_p")):
        shop = Shop(tap, the_rig, engine, dsn)
        for part in (waiting, sent_again, drift, refusals, at_once, manual, prepared, uses, shapes, revoking):
            shop.write("UPDATE payments SET status = 'open'")
            part(shop)
    ledger(tap, the_rig)
    tap.done()


main()
