#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The main job on real parts, on SQLite and PostgreSQL: a masked report, refusals, a write that waits, an
approval by editing a file as another account, the ledger of it all, and a ledger that proves itself."""
import os
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


def native(error):
    text = error.args[1] if len(error.args) > 1 else str(error)
    return text


def refused(tap, cursor, sql, parts, name):
    try:
        cursor.execute(sql)
        tap.ok(False, name, "it ran")
    except pyodbc.Error as error:
        text = "%s %s" % (error.args[0], native(error))
        tap.ok(all(part in text for part in parts), name, "got: %s\nwanted in it: %s" % (text, parts))


def masked_report(tap, engine, cursor):
    rows = cursor.execute("SELECT id, name, email, phone, card, api_key, birth_date, balance, country "
                          "FROM customers ORDER BY id").fetchall()
    tap.is_(len(rows), 4, engine + ": the report has all rows")
    first = rows[0]
    tap.is_((first.name, first.country), ("Ann", "DE"), engine + ": clear columns are as they were")
    tap.is_(first.email, "a***@example.com", engine + ": a masked report: email")
    tap.ok(first.phone.startswith("***") and first.phone.endswith("51") and "12345" not in first.phone,
           engine + ": a masked report: phone", first.phone)
    tap.ok(first.card.endswith("1001") and "400000" not in first.card,
           engine + ": a masked report: card", first.card)
    tap.is_(first.api_key, None, engine + ": a masked report: api_key is NULL")
    tap.like(first.birth_date, "1981-01-01", engine + ": a masked report: birth_date")
    tap.ok(float(first.balance) == 0.0, engine + ": a masked report: balance", first.balance)
    rows = cursor.execute("SELECT c.email, o.total FROM orders o JOIN customers c ON c.id = o.customer_id "
                          "WHERE o.total > ? ORDER BY o.id", 10).fetchall()
    tap.is_([r[0] for r in rows], ["b***@example.com", "c***@example.com", "d***@example.com"],
            engine + ": a join with a parameter is answered, masked")


def refusals(tap, engine, cursor):
    refused(tap, cursor, "SELECT id FROM customers WHERE email = 'ann@example.com'",
            ["42000", "(71001)", "email", "filter", "column=email"],
            engine + ": a filter on a masked column is refused with what to write instead")
    refused(tap, cursor, "SELECT id FROM customers ORDER BY card", ["(71001)", "card"],
            engine + ": ordering by a masked column is refused")
    refused(tap, cursor, "SELECT max(email) FROM customers", ["(71001)", "email"],
            engine + ": an aggregate of a masked column is refused")
    refused(tap, cursor, "DROP TABLE customers", ["42000", "[shop/no-ddl]", "(71001)", "DBA runbook"],
            engine + ": DROP TABLE is refused by the rule")
    refused(tap, cursor, "SELEC 1", ["(71005)"], engine + ": what is no SQL is refused")
    refused(tap, cursor, "DELETE FROM customers", ["(71001)", "o policy allows"],
            engine + ": what no rule allows is denied")


def count(the_rig, engine, where):
    sql = "SELECT count(*) FROM payments WHERE " + where
    if engine == "SQLite":
        return int(subprocess.run(["sqlite3", the_rig.path("data", "shop_s.db"), sql], capture_output=True,
                                  text=True, check=True).stdout)
    return int(the_rig.psql("shop_p", sql))


def pending(the_rig):
    return [n for n in os.listdir(os.path.join(the_rig.mount, "approvals/pending"))
            if n.startswith("r-")]


ANSWER = "s/^decision: pending/decision: approve/; s/^reason:/reason: fine/"


def approvals(tap, the_rig, engine, dsn):
    result = {}

    def write():
        try:
            connection = pyodbc.connect("DSN=%s;GuardApprovalTimeout=30" % dsn, autocommit=True)
            result["rows"] = connection.cursor().execute(
                "UPDATE payments SET status = 'paid' WHERE id = ?", 2).rowcount
            connection.close()
        except pyodbc.Error as error:
            result["error"] = native(error)

    thread = threading.Thread(target=write)
    thread.start()
    the_rig.wait(lambda: pending(the_rig), "a request", 15)
    name = pending(the_rig)[0]
    path = os.path.join(the_rig.mount, "approvals/pending", name)
    text = open(path).read()
    tap.is_(count(the_rig, engine, "id = 2 AND status = 'paid'"), 0,
            engine + ": nothing is written while the request waits")
    tap.like(text, "UPDATE payments SET status", engine + ": the request shows the statement")
    tap.like(text, "uid: 0", engine + ": the request shows who asks")
    own = subprocess.run(["sed", "-i", ANSWER, path], capture_output=True, text=True)
    tap.ok(own.returncode != 0, engine + ": nobody approves their own request", own)
    other = the_rig.as_uid(rig.OTHER_UID, ["sed", "-i", ANSWER, path])
    tap.ok(other.returncode != 0, engine + ": who is not in the group cannot answer", other)
    wrong = the_rig.as_uid(rig.APPROVER_UID, ["sed", "-i", "s/^decision: pending/decision: yes/", path])
    tap.ok(wrong.returncode != 0, engine + ": a wrong word is refused", wrong)
    reason = the_rig.as_uid(rig.APPROVER_UID, ["cat", os.path.join(the_rig.mount, ".error")])
    tap.like(reason.stdout, "decision", engine + ": .error says why")
    changed = the_rig.as_uid(rig.APPROVER_UID, ["sed", "-i", ANSWER + "; s/^uid: 0/uid: 7/", path])
    tap.ok(changed.returncode != 0, engine + ": a changed requester is refused", changed)
    half = the_rig.as_uid(rig.APPROVER_UID, ["sh", "-c", "sed '%s' '%s' | head -n -1 > /dev/null; "
                          "sed '%s' '%s' | head -n -1 | tee '%s' >/dev/null" % (ANSWER, path, ANSWER, path, path)])
    tap.ok(half.returncode != 0, engine + ": half a file is refused", half)
    tap.is_(count(the_rig, engine, "id = 2 AND status = 'paid'"), 0, engine + ": still nothing is written")
    right = the_rig.as_uid(rig.APPROVER_UID, ["sed", "-i", ANSWER, path])
    tap.is_((right.returncode, right.stderr), (0, ""), engine + ": the approver's sed -i is taken")
    thread.join(30)
    tap.is_(result, {"rows": 1}, engine + ": a write waits and runs after approval by file")
    tap.is_(count(the_rig, engine, "id = 2 AND status = 'paid'"), 1, engine + ": the row is changed, once")
    tap.like(the_rig.read("approvals/approved", name), "decision: approve",
             engine + ": the answered request is in approved/")
    # the grant is spent: the same statement asks again
    try:
        connection = pyodbc.connect("DSN=%s;GuardApproval=fail" % dsn, autocommit=True)
        connection.cursor().execute("UPDATE payments SET status = 'paid' WHERE id = ?", 2)
        tap.ok(False, engine + ": a grant counts once")
    except pyodbc.Error as error:
        tap.like(native(error), "(71002)", engine + ": a grant counts once")
    request = pending(the_rig)[0]
    denial = the_rig.as_uid(rig.APPROVER_UID, [
        "sed", "-i", "s/^decision: pending/decision: deny/; s/^reason:/reason: no need/",
        os.path.join(the_rig.mount, "approvals/pending", request)])
    tap.is_(denial.returncode, 0, engine + ": a denial with a reason is taken")


def wait_times_out(tap, the_rig, engine, dsn):
    begin = time.monotonic()
    try:
        connection = pyodbc.connect("DSN=%s;GuardApprovalTimeout=1" % dsn, autocommit=True)
        connection.cursor().execute("DELETE FROM payments WHERE id = 3")
        tap.ok(False, engine + ": a wait that times out")
    except pyodbc.Error as error:
        tap.ok(error.args[0] == "HYT00" and "(71002)" in native(error) and "request=r-" in native(error),
               engine + ": a wait that times out says HYT00 and the request", native(error))
    tap.ok(0.8 < time.monotonic() - begin < 8, engine + ": it waited about as long as was asked")
    # approve it now, and send the same statement again
    name = pending(the_rig)[0]
    the_rig.as_uid(rig.APPROVER_UID, ["sed", "-i", ANSWER,
                                      os.path.join(the_rig.mount, "approvals/pending", name)])
    connection = pyodbc.connect("DSN=%s;GuardApprovalTimeout=1" % dsn, autocommit=True)
    try:
        tap.is_(connection.cursor().execute("DELETE FROM payments WHERE id = 3").rowcount, 1,
                engine + ": the same statement sent again uses the grant")
    except pyodbc.Error as error:
        tap.ok(False, engine + ": the same statement sent again uses the grant", native(error))


def transactions(tap, the_rig, engine, dsn):
    connection = pyodbc.connect("DSN=" + dsn)
    cursor = connection.cursor()
    cursor.execute("INSERT INTO orders VALUES (100, 1, '2026-05-05', 1)")
    tap.is_(cursor.execute("SELECT count(*) FROM orders WHERE id = 100").fetchval(), 1,
            engine + ": a transaction sees its own rows")
    connection.rollback()
    tap.is_(cursor.execute("SELECT count(*) FROM orders WHERE id = 100").fetchval(), 0,
            engine + ": rollback takes them back")
    cursor.execute("INSERT INTO orders VALUES (101, 1, '2026-05-05', 1)")
    connection.commit()
    connection.close()


def ledger(tap, the_rig):
    records = the_rig.ledger()
    guard = [r["unmapped"]["guard"] for r in records]
    kinds = {g["record"] for g in guard}
    tap.ok({"session", "intent", "outcome", "request", "answer", "daemon"} <= kinds,
           "the ledger holds every kind of record", kinds)
    text = the_rig.read("audit/current.jsonl")
    tap.ok("ann@example.com" not in text, "no literal stands in the ledger")
    sequences = [r["metadata"]["sequence"] for r in records]
    tap.is_(sequences, list(range(sequences[0], sequences[0] + len(sequences))), "sequences have no gap")
    result = the_rig.guardctl("verify", os.path.join(the_rig.mount, "audit"))
    tap.is_(result.returncode, 0, "the chain verifies")
    tap.note(result.stdout)
    copy = the_rig.path("copy")
    os.mkdir(copy)
    subprocess.run("cp %s/audit/*.jsonl %s/audit/*.anchors %s/audit/anchor.pub.pem %s; rm -f %s/current.jsonl"
                   % (the_rig.mount, the_rig.mount, the_rig.mount, copy, copy), shell=True)
    name = [n for n in os.listdir(copy) if n.endswith(".jsonl")][0]
    data = bytearray(open(os.path.join(copy, name), "rb").read())
    data[len(data) // 2] ^= 1
    open(os.path.join(copy, name), "wb").write(data)
    result = the_rig.guardctl("verify", copy)
    tap.is_(result.returncode, 1, "a flipped byte is found")
    tap.note(result.stdout)


def files(tap, the_rig):
    tap.ok(the_rig.read("health").startswith("ok"), "health begins with ok")
    tap.like(the_rig.read("status"), "ledger_sequence:", "status has the ledger's sequence")
    tap.like(the_rig.read("metrics/odbcguard.prom"), 'odbcguard_statements_total{verdict="deny"}',
             "metrics are Prometheus text")
    tap.like(the_rig.read("policies/active/shop.yaml"), "policy: shop", "the active policy can be read")
    for name in ("README", "status", "health", "audit/current.jsonl"):
        path = os.path.join(the_rig.mount, name)
        tap.is_(os.stat(path).st_size, len(open(path, "rb").read()), name + " has its true size")
    tap.ok(any(n.startswith("s-") for n in os.listdir(os.path.join(the_rig.mount, "sessions"))),
           "sessions are listed")
    try:
        open(os.path.join(the_rig.mount, "audit/current.jsonl"), "a")
        tap.ok(False, "nobody writes into the ledger")
    except OSError as error:
        tap.is_(error.errno, 30, "nobody writes into the ledger")


def main():
    rig.need_root()
    tap = rig.Tap()
    only = os.environ.get("OG_ENGINE", "sp")
    the_rig = rig.Rig({"shop.yaml": rig.SHOP_POLICY}, rig.SHOP_CONFIG)
    engines = []
    if "s" in only:
        the_rig.sqlite("shop_s", rig.SHOP_SQL)
        engines.append(("SQLite", "shop_s-guarded"))
    if "p" in only:
        the_rig.postgresql("shop_p", rig.SHOP_SQL)
        engines.append(("PostgreSQL", "shop_p-guarded"))
    the_rig.start()
    for engine, dsn in engines:
        cursor = pyodbc.connect("DSN=" + dsn, autocommit=True).cursor()
        masked_report(tap, engine, cursor)
        refusals(tap, engine, cursor)
        transactions(tap, the_rig, engine, dsn)
        approvals(tap, the_rig, engine, dsn)
        wait_times_out(tap, the_rig, engine, dsn)
    files(tap, the_rig)
    ledger(tap, the_rig)
    tap.done()


main()
