# SPDX-License-Identifier: MIT
"""The shop's rows, made from a fixed seed; what looks like a secret is put together here."""
import random

MASKED = {
    "customers.email": "partial", "customers.ssn": "partial", "customers.card": "partial",
    "customers.phone": "sql-null", "customers.balance": "sql-null", "customers.api_key": "sql-null",
    "addresses.street": "fixed", "products.cost": "sql-null", "orders.note": "fixed",
    "order_items.gift_note": "fixed", "payments.iban": "fixed", "employees.salary": "sql-null",
    "employees.ssn": "fixed", "logins.token": "fixed", "passports.secret": "fixed",
    "contacts.email": "partial",
}
CLASSES = {"email": "email", "ssn": "us-ssn", "card": "payment-card"}
CITIES = [("Berlin", "DE"), ("Lund", "SE"), ("Lyon", "FR"), ("Hamburg", "DE"), ("Pisa", "IT")]
FIRST = ["Ann", "Bo", "Cay", "Dee", "Eli", "Fay", "Gus", "Hal", "Ida", "Jon"]
LAST = ["Lund", "Berg", "Mar", "Rao", "Voss", "Kim"]


def policy(rules):
    text = "policy: shop\napplies-to: {principals: [\"*\"], targets: [\"*\"]}\nmode: enforce\n"
    text += "data-mode: enforce\ndata:\n"
    for column, mask in MASKED.items():
        kind = CLASSES.get(column.split(".")[1], "other") if mask == "partial" else "other"
        text += "  - columns: [%s]\n    class: %s\n    mask: %s\n" % (column, kind, mask)
    return text + "rules:\n" + rules


def quote(value):
    if value is None:
        return "NULL"
    if isinstance(value, (int, float)):
        return repr(value)
    return "'" + value.replace("'", "''") + "'"


def rows(seed=7, secret_seed=None):
    """secret_seed: masked values alone come from it, so that two databases differ in them only."""
    open_ = random.Random(seed)
    hidden = random.Random(seed * 1000 if secret_seed is None else secret_seed)
    out = []

    def add(table, columns, values):
        out.append("INSERT INTO %s(%s) VALUES (%s);" % (table, columns, ", ".join(map(quote, values))))

    def digits(n):
        return "".join(hidden.choice("0123456789") for _ in range(n))

    def text():
        return "".join(hidden.choice("qwxzvkjy") for _ in range(hidden.randint(6, 12)))

    for i in range(1, 41):
        first, last = open_.choice(FIRST), open_.choice(LAST)
        city, country = open_.choice(CITIES)
        add("customers", "id,name,email,ssn,card,phone,city,country,balance,api_key,created,vip",
            [i, first + " " + last, text() + "%d@mail.example" % i, "5%s-%s-%s" % (digits(2), digits(2), digits(4)),
             "4929" + digits(12), "+49" + digits(9), city if open_.random() < 0.9 else None, country,
             round(hidden.uniform(100, 99999), 2), "sk" + "_live_" + text(),
             "202%d-0%d-1%d 10:00:00" % (open_.randint(3, 6), open_.randint(1, 9), open_.randint(0, 9)),
             int(open_.random() < 0.3)])
        for kind in open_.sample(["home", "work"], open_.randint(0, 2)):
            add("addresses", "customer_id,street,zip,city,kind",
                [i, text() + " street", "%05d" % open_.randint(10000, 99999), city, kind])
        add("logins", "token,customer_id,at", [text() + digits(8), i, "2026-0%d-01" % open_.randint(1, 9)])
        add("passports", "country,number,holder,secret", [country, "P%04d" % (i * 7), first, text()])
        add("contacts", "id,name,email", [i, first, text() + "@" + text() + ".example"])
    for i, (name, parent) in enumerate([("All", None), ("Food", 1), ("Tools", 1), ("Fruit", 2), ("Saws", 3)], 1):
        add("categories", "id,parent_id,name", [i, parent, name])
    for i in range(1, 26):
        add("products", "id,sku,name,category_id,price,cost,attrs,discontinued",
            [i, "SKU-%03d" % i, open_.choice(["Apple", "Saw", "Pear", "Hammer", "Nail"]) + " %d" % i,
             open_.randint(2, 5), round(open_.uniform(1, 90), 2), round(hidden.uniform(1, 50), 2),
             '{"color": "%s", "tags": ["a", "b%d"], "size": %d}' % (open_.choice(["red", "blue"]), i, i % 5),
             int(open_.random() < 0.2)])
    for i in range(1, 91):
        add("orders", "id,customer_id,placed,status,total,note,shipped",
            [i, open_.randint(1, 35), "2026-%02d-%02d" % (open_.randint(1, 9), open_.randint(1, 28)),
             open_.choice(["new", "paid", "sent", "sent"]), round(open_.uniform(5, 500), 2),
             text() if open_.random() < 0.5 else None,
             "2026-10-%02d" % open_.randint(1, 28) if open_.random() < 0.5 else None])
        for product in open_.sample(range(1, 26), open_.randint(1, 4)):
            add("order_items", "order_id,product_id,qty,price,gift_note",
                [i, product, open_.randint(1, 5), round(open_.uniform(1, 90), 2), text()])
        if open_.random() < 0.7:
            add("payments", "order_id,method,iban,amount,paid",
                [i, open_.choice(["card", "iban", "cash"]), "DE" + digits(20),
                 round(open_.uniform(5, 500), 2), "2026-09-%02d" % open_.randint(1, 28)])
    for i in range(1, 16):
        add("employees", "id,name,manager_id,dept,salary,ssn,hired",
            [i, open_.choice(FIRST) + " %d" % i, None if i == 1 else open_.randint(1, i - 1),
             open_.choice(["shop", "it", "hr"]), hidden.randint(20000, 90000),
             "6%s-%s-%s" % (digits(2), digits(2), digits(4)), "202%d-01-01" % open_.randint(0, 5)])
    for i in range(1, 11):
        add("docs", "id,title,body", [i, "Manual %d" % i, open_.choice(["how to saw", "how to peel", "return policy"])])
        add("places", "id,min_x,max_x,min_y,max_y", [i, i, i + 2, i * 2, i * 2 + 1])
    for key, value in [("theme", "dark"), ("lang", "en"), ("tax", "19")]:
        add("settings", "key,value", [key, value])
    add("counters", "name,n", ["visits", 3])
    out.append("INSERT INTO people_fts(people_fts) VALUES ('rebuild');")
    return "BEGIN;\n" + "\n".join(out) + "\nCOMMIT;\n"
