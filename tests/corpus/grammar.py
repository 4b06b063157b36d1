# SPDX-License-Identifier: MIT
"""Random queries over the corpora's shop, typed, with everything that carries columns about: joins, sub-selects, CTEs,
set operations, windows, views, partitions, LATERAL, grouping. Most use masked columns only where they are carried; some
let them shape rows, which the guard must stop. The same seed gives the same statements."""
import random

TABLES = {
    "customers": "id:int name:text email:text! phone:text! ssn:text! birth_date:date! country:text city:text segment:text "
                 "vip:bool credit_limit:num notes:text! created_at:time",
    "addresses": "id:int customer_id:int kind:text street:text! postal_code:text city:text is_default:bool",
    "employees": "id:int name:text title:text department:text manager_id:int hired:date salary:num! iban:text! email:text!",
    "users": "id:int login:text email:text! password_hash:text! api_key:text! role:text employee_id:int active:bool last_login:time",
    "products": "id:int sku:text name:text category_id:int price:num cost:num stock:int active:bool margin:num",
    "orders": "id:int customer_id:int employee_id:int placed:date status:text currency:text total:num",
    "orders_2025": "id:int customer_id:int employee_id:int placed:date status:text currency:text total:num",
    "order_items": "order_id:int line_no:int product_id:int quantity:int unit_price:num discount:num line_total:num",
    "payments": "id:int order_id:int paid_at:time method:text amount:num card:text! status:text",
    "invoices": "id:int order_id:int number:text issued:date due:date net:num tax:num gross:num paid:bool",
    "tickets": "id:int customer_id:int assignee_id:int opened:time subject:text body:text status:text",
    "v_customers": "id:int name:text email:text! phone:text! country:text city:text segment:text vip:bool",
    "v_customer_orders": "customer_id:int name:text contact:text! order_id:int placed:date status:text total:num",
    "v_staff": "id:int name:text title:text department:text email:text! manager:text",
    "mv_customers": "id:int name:text email:text! country:text segment:text",
}
WITH_MASKED = [t for t, columns in TABLES.items() if "!" in columns]
CONSTANTS = {"int": "{}", "num": "{}.5", "text": "'{}'", "date": "date '2025-0{}-15'", "time": "timestamp '2026-0{}-10 10:00'",
             "bool": "true"}
WORDS = ["DE", "open", "paid", "Sales", "retail", "Berlin", "a", "card", "m", "Lund", "viewer", "x%", "%a%", "Question"]


class Column:
    def __init__(self, name, kind, is_masked, alias=""):
        self.name, self.kind, self.is_masked, self.alias = name, kind, is_masked, alias

    def __str__(self):
        return "%s.%s" % (self.alias, self.name) if self.alias else self.name


def table_columns(table, alias):
    found = []
    for word in TABLES[table].split():
        name, kind = word.rstrip("!").split(":")
        found.append(Column(name, kind, word.endswith("!"), alias))
    return found


class Maker:
    """shape: how often a masked column may stand where it shapes rows."""

    def __init__(self, seed, shape=0.1):
        self.rnd, self.shape, self.n = random.Random(seed), shape, 0

    def chance(self, p):
        return self.rnd.random() < p

    def pick(self, items):
        return self.rnd.choice(list(items))

    def name(self):
        self.n += 1
        return "%s%d" % (self.pick("abcdxyz"), self.n)

    # ---- what may shape rows ----

    def shaping(self, columns, kind=None):
        fit = [c for c in columns if (kind is None or c.kind == kind) and (not c.is_masked or self.chance(self.shape))]
        return self.pick(fit) if fit else None

    def constant(self, kind):
        if kind == "text":
            return "'%s'" % self.pick(WORDS)
        return CONSTANTS[kind].format(self.rnd.randrange(1, 9) if kind in ("date", "time") else self.rnd.randrange(1, 60))

    def scalar(self, columns, kind, depth=2):
        """An expression of one kind over columns that may shape rows."""
        column = self.shaping(columns, kind)
        if depth <= 0 or self.chance(0.5):
            return str(column) if column and self.chance(0.8) else self.constant(kind)
        a, b = (self.scalar(columns, kind, depth - 1) for _ in range(2))
        more = {
            "int": ["(%s + %s)" % (a, b), "coalesce(%s, %s)" % (a, b), "length(%s)" % self.scalar(columns, "text", 0),
                    "(%s %% 7)" % a, "CASE WHEN %s = %s THEN %s ELSE %s END" % (a, self.constant("int"), a, b)],
            "num": ["(%s * 2)" % a, "round(%s, 1)" % a, "abs(%s)" % a, "(%s - %s)" % (a, b), "coalesce(%s, 0)" % a],
            "text": ["upper(%s)" % a, "lower(%s)" % a, "(%s || %s)" % (a, b), "substr(%s, 1, 3)" % a, "coalesce(%s, %s)" % (a, b),
                     "nullif(%s, %s)" % (a, b), "left(%s, 2)" % a, "replace(%s, 'a', 'b')" % a],
            "date": ["(%s + 1)" % a, "coalesce(%s, %s)" % (a, b), "date_trunc('month', %s)::date" % a],
            "time": ["(%s + interval '1 day')" % a, "date_trunc('hour', %s)" % a],
            "bool": ["(%s AND %s)" % (a, b), "NOT %s" % a, "(%s OR %s)" % (a, b)],
        }
        return self.pick(more[kind])

    def predicate(self, columns, depth=2):
        if depth > 0 and self.chance(0.35):
            word = self.pick(["AND", "OR", "OR"])
            return "(%s %s %s)" % (self.predicate(columns, depth - 1), word, self.predicate(columns, depth - 1))
        if depth > 0 and self.chance(0.12):
            return self.sub_predicate(columns)
        kind = self.pick(["int", "text", "num", "text", "int", "date"])
        a, b = self.scalar(columns, kind, 1), self.scalar(columns, kind, 1)
        forms = ["%s = %s", "%s <> %s", "%s <> %s", "%s < %s", "%s >= %s", "%s IS DISTINCT FROM %s", "%s IN (%s, NULL)"]
        if kind == "text":
            forms += ["%s LIKE %s", "%s ILIKE %s", "%s NOT LIKE %s"]
        if self.chance(0.1):
            return "%s IS %sNULL" % (a, self.pick(["", "NOT "]))
        return self.pick(forms) % (a, b)

    def sub_predicate(self, columns):
        table, alias = self.pick(TABLES), self.name()
        inner = table_columns(table, alias)
        key, outer = self.shaping(inner, "int"), self.shaping(columns, "int")
        if not key or not outer:
            return "true"
        where = self.predicate(inner + columns, 0)
        return self.pick([
            "EXISTS (SELECT 1 FROM %s %s WHERE %s = %s AND %s)" % (table, alias, key, outer, where),
            "%s IN (SELECT %s FROM %s %s WHERE %s)" % (outer, key, table, alias, where),
            "%s = ANY (SELECT %s FROM %s %s)" % (outer, key, table, alias),
            "NOT EXISTS (SELECT %s.* FROM %s %s WHERE %s = %s)" % (alias, table, alias, key, outer)])

    # ---- sources of rows ----

    def source(self, depth):
        """Text of one FROM item, and its columns."""
        alias = self.name()
        if depth > 0 and self.chance(0.25):
            sql, columns = self.select(depth - 1)
            if self.chance(0.2):
                names = [self.name() for _ in columns]
                return "(%s) AS %s(%s)" % (sql, alias, ", ".join(names)), [
                    Column(n, c.kind, c.is_masked, alias) for n, c in zip(names, columns)]
            return "(%s) AS %s" % (sql, alias), [Column(c.name, c.kind, c.is_masked, alias) for c in columns]
        if self.ctes and self.chance(0.3):
            name, columns = self.pick(self.ctes)
            return "%s %s" % (name, alias), [Column(c.name, c.kind, c.is_masked, alias) for c in columns]
        table = self.pick(WITH_MASKED if self.chance(0.55) else TABLES)
        return "%s%s %s" % (self.pick(["", "", "public."]), table, alias), table_columns(table, alias)

    def sources(self, depth):
        text, columns = self.source(depth)
        for _ in range(self.pick([0, 0, 1, 1, 2])):
            more, other = self.source(depth - 1)
            left, right = self.shaping(columns, "int"), self.shaping(other, "int")
            on = "%s = %s" % (left, right) if left and right else self.predicate(columns + other, 0)
            if self.chance(0.15):
                on += " AND " + self.predicate(columns + other, 0)
            text += " %s JOIN %s ON %s" % (self.pick(["", "LEFT", "INNER", "FULL" if left and right and " AND " not in on else ""]),
                                           more, on)
            columns = columns + other
        if depth > 0 and self.chance(0.08):
            text, columns = self.lateral(text, columns)
        return text, columns

    def lateral(self, text, columns):
        alias, inner = self.name(), self.name()
        carried = self.pick(columns)
        key = self.shaping(columns, "int")
        table = self.pick(TABLES)
        if not key:
            return text, columns
        fields = table_columns(table, inner)
        own = self.pick(fields)
        link = self.shaping(fields, "int")
        text += " CROSS JOIN LATERAL (SELECT %s AS p, %s AS q FROM %s %s WHERE %s = %s ORDER BY %s LIMIT 2) %s" % (
            carried, own, table, inner, link or 1, key, self.order(fields), alias)
        return text, columns + [Column("p", carried.kind, carried.is_masked, alias), Column("q", own.kind, own.is_masked, alias)]

    def order(self, columns):
        """All columns that may shape rows, so that ties do not matter."""
        return ", ".join(str(c) for c in columns if not c.is_masked) or "1"

    # ---- queries ----

    def item(self, columns, depth):
        """One item of a select list: text, kind, is masked."""
        roll = self.rnd.random()
        if roll < 0.62:
            column = self.pick(columns)
            return str(column), column.kind, column.is_masked
        if roll < 0.70 and depth > 0:
            table, alias = self.pick(TABLES), self.name()
            inner = table_columns(table, alias)
            own, key, outer = self.pick(inner), self.shaping(inner, "int"), self.shaping(columns, "int")
            if key and outer:
                return "(SELECT %s FROM %s %s WHERE %s = %s ORDER BY %s LIMIT 1)" % (
                    own, table, alias, key, outer, self.order(inner)), own.kind, own.is_masked
        if roll < 0.76:
            text = [c for c in columns if c.kind == "text"]
            if text:
                column = self.pick(text)
                return self.pick(["upper(%s)", "length(%s)::text", "reverse(%s)", "md5(%s)", "(%s || 'x')", "%s::varchar(9)",
                                  "concat(%s, '-')"]) % column, "text", column.is_masked
        kind = self.pick(["int", "num", "text", "date"])
        return self.scalar(columns, kind), kind, False

    def window(self, columns):
        part, key = self.shaping(columns), self.order(columns)
        column = self.pick(columns)
        sql = self.pick(["row_number()", "rank()", "count(*)", "lag(%s)" % column, "first_value(%s)" % column, "sum(1)"])
        return "%s OVER (%sORDER BY %s)" % (sql, "PARTITION BY %s " % part if part and self.chance(0.4) else "", key), (
            column.kind if "(" + str(column) in sql else "int"), column.is_masked and str(column) in sql

    def plain(self, depth):
        text, columns = self.sources(depth)
        if self.chance(0.08):
            items = [("*", None, None)]
        else:
            items = [self.item(columns, depth) for _ in range(self.rnd.randrange(1, 6))]
            if self.chance(0.12):
                items.append(self.window(columns))
        where = " WHERE " + self.predicate(columns) if self.chance(0.4) else ""
        out, names = [], []
        for sql, kind, is_masked in items:
            if sql == "*":
                alias = self.pick(columns).alias
                mine = [c for c in columns if c.alias == alias]
                return "SELECT %s.* FROM %s%s" % (alias, text, where), [Column(c.name, c.kind, c.is_masked) for c in mine]
            name = self.name()
            names.append(Column(name, kind, is_masked))
            out.append("%s AS %s" % (sql, name))
        distinct = "DISTINCT " if self.chance(0.07) and (not any(c.is_masked for c in names) or self.chance(self.shape)) else ""
        return "SELECT %s%s FROM %s%s" % (distinct, ", ".join(out), text, where), names

    def grouped(self, depth):
        text, columns = self.sources(depth)
        where = " WHERE " + self.predicate(columns, 1) if self.chance(0.4) else ""
        keys = [c for c in {str(c): c for c in [self.shaping(columns) for _ in range(self.rnd.randrange(0, 3))] if c}.values()]
        out, names = [], []
        for key in keys:
            names.append(Column(self.name(), key.kind, key.is_masked))
            out.append("%s AS %s" % (key, names[-1].name))
        for _ in range(self.rnd.randrange(1, 4)):
            column = self.shaping(columns, self.pick(["int", "num"]))
            sql = "count(*)" if not column or self.chance(0.3) else "%s(%s%s)" % (
                self.pick(["sum", "min", "max", "count", "avg"]), self.pick(["", "", "DISTINCT "]), column)
            if self.chance(0.1):
                sql += " FILTER (WHERE %s)" % self.predicate(columns, 0)
            names.append(Column(self.name(), "num", False))
            out.append("(%s)::numeric AS %s" % (sql, names[-1].name))
        having = " HAVING count(*) > %d" % self.rnd.randrange(3) if self.chance(0.3) else ""
        group = " GROUP BY " + ", ".join(str(k) for k in keys) if keys else ""
        return "SELECT %s FROM %s%s%s%s" % (", ".join(out), text, where, group, having), names

    def select(self, depth):
        if depth > 0 and self.chance(0.1):
            return self.united(depth)
        return self.grouped(depth) if self.chance(0.2) else self.plain(depth)

    def united(self, depth):
        """Two branches of the same kinds, cast so that they fit."""
        kinds = [self.pick(["text", "int", "num", "date"]) for _ in range(self.rnd.randrange(1, 4))]
        names = [Column(self.name(), k, False) for k in kinds]
        branches = []
        for _ in range(2):
            text, columns = self.sources(0)
            items = []
            for name in names:
                fit = [c for c in columns if c.kind == name.kind]
                column = self.pick(fit) if fit else None
                name.is_masked = name.is_masked or bool(column and column.is_masked)
                items.append("%s AS %s" % (column or self.constant(name.kind), name.name))
            branches.append("SELECT %s FROM %s%s" % (", ".join(items), text, " WHERE " + self.predicate(columns, 0)
                                                     if self.chance(0.5) else ""))
        word = "UNION ALL"
        if not any(n.is_masked for n in names) or self.chance(self.shape):
            word = self.pick(["UNION", "UNION ALL", "INTERSECT", "EXCEPT"])
        return (" %s " % word).join(branches), names

    def statement(self):
        self.n, self.ctes = 0, []
        head = []
        for _ in range(self.pick([0, 0, 0, 1, 2])):
            sql, columns = self.select(1)
            name = self.name()
            head.append("%s AS %s(%s)" % (name, self.pick(["", "MATERIALIZED "]), sql))
            self.ctes.append((name, [Column(c.name, c.kind, c.is_masked) for c in columns]))
        sql, columns = self.select(2)
        clear = [str(i + 1) for i, c in enumerate(columns) if not c.is_masked or self.chance(self.shape)]
        if clear and self.chance(0.4):
            sql += " ORDER BY " + ", ".join(clear)
        return ("WITH " + ", ".join(head) + " " if head else "") + sql
