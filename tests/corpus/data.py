# SPDX-License-Identifier: MIT
"""Rows of the corpora's shop, the same on both engines, from a fixed seed. What looks like a secret is put
together here and stands nowhere else. Another `secrets` number gives other values in the masked columns
and the same everywhere else: that is what the tests of inference compare."""
import functools
import json
import random

SHOP_TABLES = ["countries", "customers", "addresses", "employees", "users", "categories", "products", "orders",
               "order_items", "payments", "invoices", "subscriptions", "tickets", "sessions", "audit"]
# Masked columns and their masks, written down a second time (policy.yaml is the first).
MASKED = {"customers": {"email": "email", "phone": "phone", "ssn": "ssn", "birth_date": "year", "notes": "fixed"},
          "addresses": {"street": "null"},
          "employees": {"salary": "round", "iban": "iban", "email": "email"},
          "payments": {"card": "card"},
          "users": {"email": "email", "password_hash": "null", "api_key": "null"},
          "sessions": {"ip": "null"}}
MASK_OF = {column: kind for columns in MASKED.values() for column, kind in columns.items()}

FIRST = """Annika Bosse Cayetana Deepika Emil Farida Gustav Hana Ivo Jelena Karim Linnea Matteo Nadia Oskar
Priya Quentin Rosa Stefan Tuva""".split()
LAST = """Lund Berg Marin Rao Novak Haddad Holm Sato Petrov Markovic Osman Dahl Conti Haas Wolf Nair Leroy
Vega Klein Strand""".split()
CITIES = [("Berlin", "DE"), ("Hamburg", "DE"), ("Lund", "SE"), ("Paris", "FR"), ("Lyon", "FR"), ("Madrid", "ES"),
          ("Austin", "US"), ("Boston", "US")]
COUNTRIES = [("DE", "Germany", "EU", 0.19), ("SE", "Sweden", "EU", 0.25), ("FR", "France", "EU", 0.2),
             ("ES", "Spain", "EU", 0.21), ("US", "United States", "NA", 0)]
CATEGORIES = [(1, "All", None), (2, "Kitchen", 1), (3, "Garden", 1), (4, "Knives", 2), (5, "Pots", 2), (6, "Tools", 3)]
GOODS = ["Paring knife", "Bread knife", "Stock pot", "Sauce pan", "Spade", "Rake", "Shears", "Peeler", "Board",
         "Kettle", "Hose", "Watering can"]
N_CUSTOMERS, N_EMPLOYEES, N_USERS, N_ORDERS = 40, 12, 16, 90


def luhn_sum(number):
    """0 modulo 10 where a card number is right."""
    digits = [int(d) for d in reversed(number)]
    return sum(d if i % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(digits))


class Secrets:
    """The values of masked columns. What a mask shows of a value comes from a seed of its own, so that two
    databases with other secrets look the same through the guard, to the last character."""

    def __init__(self, number):
        self.rnd = random.Random(7000 + number)
        self.shown = random.Random(6999)

    def digits(self, n, rnd=None):
        return "".join(str((rnd or self.rnd).randrange(10)) for _ in range(n))

    def word(self, n):
        return "".join(self.rnd.choice("bcdfghjkmnpqrstvwxz") + self.rnd.choice("aeiou") for _ in range(n // 2))

    def email(self, i, domain="mail.example"):
        # The number of its row keeps it unique, as a person's address is.
        return "%s%s.%s%d@%s" % (self.shown.choice("abcdefgh"), self.word(2 * self.rnd.randrange(2, 5)),
                                 self.word(2 * self.rnd.randrange(3, 6)), i, domain)

    def phone(self):
        return "+49 30 " + self.digits(6) + self.digits(2, self.shown)

    def ssn(self):
        return "%d-%02d-%s" % (self.rnd.randrange(100, 665), self.rnd.randrange(10, 99), self.digits(4, self.shown))

    def card(self):
        last = self.digits(4, self.shown)
        while True:
            number = "4929" + self.digits(8) + last
            if luhn_sum(number) % 10 == 0:
                return number

    def iban(self):
        number = self.digits(18)
        return "DE%02d%s" % (98 - int(number + "131400") % 97, number)  # DE is 13 14, ISO 13616-1

    def birth(self):
        return "%d-%02d-%02d" % (self.shown.randrange(1940, 2005), self.rnd.randrange(1, 13), self.rnd.randrange(1, 29))

    def salary(self):
        return 1000 * self.shown.randrange(31, 99) + self.rnd.randrange(-490, 490) + 0.25

    def street(self):
        return "%s Street %d" % (self.word(2 * self.rnd.randrange(3, 7)).capitalize(), self.rnd.randrange(1, 200))

    def text(self):
        return " ".join(self.word(8) for _ in range(self.rnd.randrange(3, 6)))


def moment(rnd, year=None):
    return "%d-%02d-%02d %02d:%02d:%02d" % (year or rnd.randrange(2024, 2027), rnd.randrange(1, 11), rnd.randrange(1, 29),
                                           rnd.randrange(24), rnd.randrange(60), rnd.randrange(60))


def day(rnd, year=None):
    return moment(rnd, year)[:10]


def people(rnd, sec):
    rows = {"customers": [], "addresses": [], "employees": [], "users": []}
    for i in range(1, N_CUSTOMERS + 1):
        city, country = rnd.choice(CITIES)
        name = "%s %s" % (FIRST[i % 20], LAST[(i * 7) % 20])
        rows["customers"].append((
            i, name, sec.email(i), sec.phone() if i % 9 else None, sec.ssn() if i % 7 else None, sec.birth(), country, city,
            rnd.choice(["retail", "retail", "business", "public"]), i % 6 == 0, rnd.randrange(1, 40) * 250,
            sec.text() if i % 4 == 0 else None, moment(rnd, 2024), moment(rnd, 2025) if i % 3 == 0 else None))
        for kind in ["billing", "shipping"][:1 + i % 2]:
            rows["addresses"].append((len(rows["addresses"]) + 1, i, kind, sec.street(), "%05d" % rnd.randrange(10000, 99999),
                                      city, country, kind == "billing"))
    for i in range(1, N_EMPLOYEES + 1):
        rows["employees"].append((
            i, "%s %s" % (FIRST[(i * 3) % 20], LAST[(i * 11) % 20]), ["Clerk", "Lead", "Manager"][i % 3 if i > 3 else 2],
            ["Sales", "Support", "Finance"][i % 3], None if i == 1 else (i + 1) // 3 if i > 2 else 1, day(rnd, 2015 + i % 9),
            sec.salary(), sec.iban(), sec.email(i, "shop.example")))
    for i in range(1, N_USERS + 1):
        rows["users"].append((
            i, "%s%02d" % (FIRST[i % 20].lower(), i), sec.email(i, "login.example"), "$2b$" + sec.digits(2) + "$" + sec.word(40),
            "sk" + "_live_" + sec.word(20), ["admin", "agent", "viewer"][i % 3], i if i <= N_EMPLOYEES else None, i % 5 != 0,
            moment(rnd, 2026), json.dumps({"theme": ["dark", "light"][i % 2], "rows": 10 * i})))
    return rows


def trade(rnd, sec):
    rows = {name: [] for name in ["products", "orders", "order_items", "payments", "invoices", "subscriptions"]}
    for i, name in enumerate(GOODS, 1):
        price = rnd.randrange(500, 9000) / 100
        rows["products"].append((i, "SKU-%03d" % i, name, rnd.choice([2, 3, 4, 5, 6]), price, round(price * 0.6, 2),
                                 rnd.randrange(0, 200), rnd.randrange(1, 40) / 4, json.dumps(["new", "sale", "eco"][:i % 4]),
                                 i % 8 != 0))
    for i in range(1, N_ORDERS + 1):
        placed, total = day(rnd), 0
        for line in range(1, rnd.randrange(2, 5)):
            product = rows["products"][rnd.randrange(len(GOODS))]
            quantity = rnd.randrange(1, 5)
            rows["order_items"].append((i, line, product[0], quantity, product[4], 0.5 * (line % 2)))
            total = round(total + quantity * product[4] - 0.5 * (line % 2), 2)
        status = ["open", "paid", "shipped", "cancelled"][i % 4]
        rows["orders"].append((i, rnd.randrange(1, N_CUSTOMERS + 1), rnd.randrange(1, N_EMPLOYEES + 1), placed, status,
                               "USD" if i % 10 == 0 else "EUR", total))
        if status != "open":
            rows["payments"].append((len(rows["payments"]) + 1, i, placed + " 12:%02d:00" % (i % 60),
                                     ["card", "transfer", "cash"][i % 3], total, sec.card() if i % 3 == 0 else None,
                                     "refunded" if status == "cancelled" else "settled"))
        net = round(total / 1.19, 2)
        rows["invoices"].append((i, i, "INV-%05d" % (1000 + i), placed, placed[:8] + "28", net, round(total - net, 2),
                                 status != "open"))
    for i in range(1, 19):
        rows["subscriptions"].append((i, 2 * i, ["basic", "plus", "pro"][i % 3], day(rnd, 2024),
                                      day(rnd, 2025) if i % 4 == 0 else None, [9.9, 19.9, 49.9][i % 3],
                                      "ended" if i % 4 == 0 else "running"))
    return rows


def care(rnd, sec):
    rows = {"tickets": [], "sessions": [], "audit": []}
    for i in range(1, 31):
        opened = moment(rnd, 2026)
        rows["tickets"].append((i, rnd.randrange(1, N_CUSTOMERS + 1), rnd.randrange(1, N_EMPLOYEES + 1), opened,
                                opened[:11] + "23:59:59" if i % 3 else None, ["low", "normal", "high", "urgent"][i % 4],
                                rnd.choice(["Late parcel", "Broken handle", "Wrong invoice", "Question"]),
                                "Order %d needs a look." % rnd.randrange(1, N_ORDERS), "closed" if i % 3 else "open"))
        rows["sessions"].append(("00000000-0000-4000-8000-%012d" % i, rnd.randrange(1, N_USERS + 1), opened,
                                 opened[:11] + "23:30:00" if i % 5 else None,
                                 ".".join(str(sec.rnd.randrange(11, 223)) for _ in range(4)),
                                 rnd.choice(["Firefox/128", "Chrome/126", "curl/8"]), rnd.randrange(1, 60)))
        rows["audit"].append((i, opened, rnd.randrange(1, N_USERS + 1), rnd.choice(["login", "update", "delete", "export"]),
                              rnd.choice(["customers", "orders", "products"]), rnd.randrange(1, 40),
                              json.dumps({"fields": i % 5, "via": ["web", "api"][i % 2]})))
    return rows


@functools.lru_cache(None)
def rows(secrets=0, seed=1):
    rnd, sec = random.Random(seed), Secrets(secrets)
    all_rows = {"countries": COUNTRIES, "categories": CATEGORIES}
    for part in (people, trade, care):
        all_rows.update(part(rnd, sec))
    return {name: all_rows[name] for name in SHOP_TABLES}


def literal(value, engine):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return ("true" if value else "false") if engine == "p" else str(int(value))
    if isinstance(value, (int, float)):
        return repr(value)
    return "'" + value.replace("'", "''") + "'"


# Columns that are not generated, in the order of the rows.
SKIP = {"products": ["margin"], "order_items": ["line_total"], "invoices": ["gross"]}
COLUMNS = {"products": "id, sku, name, category_id, price, cost, stock, weight, tags, active",
           "order_items": "order_id, line_no, product_id, quantity, unit_price, discount",
           "invoices": "id, order_id, number, issued, due, net, tax, paid"}


def inserts(engine, secrets=0):
    sql = []
    for table, lines in rows(secrets).items():
        columns = " (%s)" % COLUMNS[table] if table in COLUMNS else ""
        values = ",\n".join("(%s)" % ", ".join(literal(v, engine) for v in line) for line in lines)
        sql.append("INSERT INTO %s%s VALUES\n%s;" % (table, columns, values))
    if engine == "p":
        for table in SHOP_TABLES:
            if table not in ("countries", "categories", "orders", "order_items", "sessions"):
                sql.append("SELECT setval(pg_get_serial_sequence('%s', 'id'), 1000);" % table)
        sql.append("REFRESH MATERIALIZED VIEW mv_product_sales; REFRESH MATERIALIZED VIEW mv_customers; ANALYZE;")
    return "\n".join(sql) + "\n"


NAMES = {"customers": "id name email phone ssn birth_date country city segment vip credit_limit notes created_at updated_at",
         "addresses": "id customer_id kind street postal_code city country is_default",
         "employees": "id name title department manager_id hired salary iban email",
         "payments": "id order_id paid_at method amount card status",
         "users": "id login email password_hash api_key role employee_id active last_login preferences",
         "sessions": "id user_id started ended ip user_agent pages"}


@functools.lru_cache(None)
def values(secrets=0):
    """Every value of a masked column: {(table, column): [values]}."""
    return {(table, column): [line[NAMES[table].split().index(column)] for line in rows(secrets)[table]
                              if line[NAMES[table].split().index(column)] is not None]
            for table, columns in MASKED.items() for column in columns}


def clear_rows(secrets=0):
    """All rows without their masked columns."""
    return [[v for i, v in enumerate(line) if table not in MASKED or NAMES[table].split()[i] not in MASKED[table]]
            for table, lines in rows(secrets).items() for line in lines]
