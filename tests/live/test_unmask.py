#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`odbcguard unmask SELECT ...`: a person sees the real values of named columns of named rows once somebody whom the
policy names approved it, for the time and uses of the grant; other columns, rows, statements and people still see the
mask; each such read is in the ledger, and no value is. SQLite and PostgreSQL. In a test build that opens without a
grant (--enable-planted-fault=unmask) it fails."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")
from asked import Shop, refused  # noqa: E402

TABLES = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(80), mail VARCHAR(80), secret VARCHAR(40));
INSERT INTO people VALUES (1, 'Annika', 'annika.lund@example.com', 'hush-4471');
INSERT INTO people VALUES (2, 'Bosse', 'bosse.berg@example.com', 'hush-4472');
CREATE TABLE other (id INTEGER PRIMARY KEY, mail VARCHAR(80));
INSERT INTO other VALUES (1, 'x@example.com');
CREATE VIEW shown AS SELECT id, mail FROM people;
"""
POLICY = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
data:
  - {columns: [people.mail], mask: partial, class: email, unmask: {group: dba, within: 30m}}
  - {columns: [people.secret], mask: fixed}
rules:
  - id: read
    when: {effect: select}
    then: allow
"""
TWO = """
policy: two
applies-to: {principals: ["*"], targets: ["*"]}
data:
  - {columns: [people.mail], mask: sql-null}
"""
ONE = "SELECT id, mail FROM people WHERE id = 1"
REAL = [(1, "annika.lund@example.com")]
MASKED = [(1, "a***@example.com")]
# Statements that are no plain columns of named rows of one table.
FORMS = ["SELECT mail FROM people", "SELECT * FROM people WHERE id = 1", "SELECT mail FROM people WHERE id > 0",
         "SELECT a.id, b.mail FROM people a, people b WHERE a.id = 1", "SELECT mail FROM people WHERE id = 1 OR 1 = 1",
         "SELECT mail FROM people WHERE id = id", "SELECT upper(mail) FROM people WHERE id = 1",
         "SELECT mail FROM people WHERE id IN (SELECT id FROM people)", "SELECT mail FROM people WHERE id = 1 ORDER BY id",
         "SELECT mail FROM people WHERE id = 1 UNION ALL SELECT mail FROM people", "DELETE FROM people WHERE id = 1",
         "SELECT mail AS m FROM people WHERE id = 1", "", "SELECT mail FROM people WHERE NOT id = 1",
         "SELECT mail FROM people JOIN other USING (id) WHERE id = 1", "SELECT mail FROM people WHERE id = -1 + 2"]


def read(cursor, sql, *parameters):
    return [tuple(row) for row in cursor.execute(sql, *parameters).fetchall()]


def granted(shop):
    """One use, then asked anew."""
    tap, cursor = shop.tap, shop.guarded().cursor()
    tap.is_(read(cursor, ONE), MASKED, shop.name("masked by itself"))
    name, text, error = shop.request(lambda: cursor.execute("odbcguard unmask " + ONE))
    tap.ok(name and "seeing the real values of people.mail" in error, shop.name("unmasking is asked for"), error)
    tap.ok("  odbcguard unmask SELECT id, mail FROM people WHERE id = 1\n" in text and "rule: shop/data, group: dba" in text,
           shop.name("the request says what would be seen, and who may let it"), text)
    tap.is_(read(cursor, ONE), MASKED, shop.name("still masked while it waits"))
    shop.answer(name)
    tap.is_(read(cursor, ONE), MASKED, shop.name("the plain SELECT stays masked"))
    refused(shop, lambda: cursor.execute("odbcguard unmask SELECT id, mail FROM people WHERE id = 2"), ["(71002)"],
            "another row is another request")
    tap.is_(read(cursor, "odbcguard unmask " + ONE), REAL, shop.name("the value is seen once"))
    tap.is_(read(cursor, ONE), MASKED, shop.name("and masked again"))
    refused(shop, lambda: cursor.execute("odbcguard unmask " + ONE), ["(71002)"], "a second time asks anew")


def for_a_time(shop):
    """For a time, shortened and revoked as a file."""
    tap, cursor = shop.tap, shop.guarded().cursor()
    sql = "odbcguard unmask SELECT id, mail FROM people WHERE id IN (1, 2)"
    name, _, error = shop.request(lambda: cursor.execute(sql))
    shop.answer(name, "s/^decision: pending/decision: approve/; s/^reason:/reason: fine/; s/^\\.\\.\\./for: 1h\\nuses: 9\\n.../")
    seen = [read(cursor, sql) for _ in range(3)]
    tap.is_(seen, [REAL + [(2, "bosse.berg@example.com")]] * 3, shop.name("for a time it is seen again and again"))
    with pyodbc.connect("DSN=%s-guarded;GuardApproval=fail" % shop.dsn, autocommit=True) as other:
        tap.is_(read(other.cursor(), sql.replace("odbcguard unmask ", "")), [(1, "a***@example.com"), (2, "b***@example.com")],
                shop.name("elsewhere the same rows are masked"))
    grant = os.path.join("approvals/grants", name)
    tap.like(shop.rig.read(*grant.split("/")), "used: 3", shop.name("the grant counts its uses"))
    done = shop.rig.as_uid(rig.APPROVER_UID, ["sh", "-c", "echo 'revoke no longer needed' > " + shop.rig.path("mount", grant)])
    tap.is_(done.returncode, 0, shop.name("it is revoked as a file ") + done.stderr)
    refused(shop, lambda: cursor.execute(sql), ["(7100"], "and nothing is seen any more")


def not_granted(shop):
    tap = shop.tap
    for sql in FORMS:
        refused(shop, lambda: shop.guarded().cursor().execute("odbcguard unmask " + sql), ["odbcguard unmask SELECT columns"],
                "not of the form: " + (sql or "nothing"))
    cursor = shop.guarded().cursor()
    refused(shop, lambda: cursor.execute("odbcguard unmask SELECT secret FROM people WHERE id = 1"),
            ["lets nobody see the real values of people.secret", "(71001)"], "what no entry lets be seen")
    refused(shop, lambda: cursor.execute("odbcguard unmask SELECT mail, secret FROM people WHERE id = 1"),
            ["people.secret", "(71001)"], "together with what may be seen, too")
    refused(shop, lambda: cursor.execute("odbcguard unmask SELECT name FROM people WHERE id = 1"), ["nothing to unmask"],
            "what is not masked")
    refused(shop, lambda: cursor.execute("odbcguard unmask SELECT id FROM people WHERE mail = 'bosse.berg@example.com'"),
            ["people.mail"], "a condition on a masked column")
    refused(shop, lambda: cursor.execute("odbcguard unmask SELECT mail FROM shown WHERE id = 1"), ["(71001)"], "through a view")
    tap.is_(len(shop.pending()), 3 if shop.engine == "SQLite" else 6, shop.name("none of them made a request"))


def parameters(shop):
    """A prepared one, its value bound, is for that value."""
    tap, cursor = shop.tap, shop.guarded().cursor()
    sql = "odbcguard unmask SELECT id, mail FROM people WHERE id = ?"
    name, _, error = shop.request(lambda: cursor.execute(sql, 1))
    shop.answer(name)
    refused(shop, lambda: cursor.execute(sql, 2), ["(71002)"], "another value is another request")
    tap.is_(read(cursor, sql, 1), REAL, shop.name("the value that was asked for is seen"))


def ledger(tap, the_rig, n):
    records = [l["unmapped"]["guard"] for l in the_rig.ledger() if "unmasked_columns" in str(l)]
    tap.is_(len(records), n, "every read of real values is in the ledger")
    tap.ok(all(r["unmasked_columns"][0].endswith(".people.mail") and r["grant"].startswith("r-") for r in records),
           "with the columns and the grant", records)
    tap.is_([v for v in ("annika.lund", "bosse.berg@example.com\\", "hush-44") if v in str(the_rig.ledger())], [],
            "and no value")


def two_policies(tap, the_rig, shops):
    the_rig.write("policies/two.yaml", TWO)
    the_rig.wait(lambda: os.path.exists(the_rig.path("mount", "policies/active/two.yaml")), "the second policy", 20)
    for shop in shops:
        refused(shop, lambda: shop.guarded().cursor().execute("odbcguard unmask " + ONE), ["policy two lets nobody"],
                "every policy that masks must let it")


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": POLICY}, rig.SHOP_CONFIG)
    the_rig.sqlite("unmask_s", TABLES)
    the_rig.postgresql("unmask_p", TABLES)
    the_rig.start()
    shops = [Shop(tap, the_rig, engine, dsn) for engine, dsn in (("SQLite", "unmask_s"), ("PostgreSQL", "unmask_p"))]
    for shop in shops:
        granted(shop)
        for_a_time(shop)
        not_granted(shop)
    for shop in shops:
        parameters(shop)
    ledger(tap, the_rig, 2 * (1 + 3 + 1))
    two_policies(tap, the_rig, shops)
    the_rig.close()
    tap.done()


main()
