/* SPDX-License-Identifier: MIT */
#include "tests/truth/sqlite_grammar.h"

#include <stdio.h>
#include <string.h>

const char og_grammar_schema[] =
    "CREATE TABLE c(id INTEGER PRIMARY KEY, name TEXT, city TEXT, ssn TEXT, bal INT, mail TEXT UNIQUE,"
    " g INT);"
    "CREATE INDEX c_city ON c(city, ssn); CREATE INDEX c_bal ON c(bal); CREATE INDEX c_g ON c(g, mail);"
    "CREATE INDEX c_name ON c(name);"
    "CREATE TABLE o(id INTEGER PRIMARY KEY, cid INT, amt INT, note TEXT, st TEXT);"
    "CREATE INDEX o_c ON o(cid, note); CREATE INDEX o_st ON o(st); CREATE INDEX o_low ON o(lower(note));"
    "CREATE TABLE i(oid INT, pid INT, qty INT, memo TEXT, PRIMARY KEY(oid, pid)) WITHOUT ROWID;"
    "CREATE INDEX i_q ON i(qty, memo);"
    "CREATE TABLE p(id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE, price INT, cost INT, cat INT);"
    "CREATE INDEX p_part ON p(cost) WHERE cat = 1;"
    "CREATE TABLE k(a TEXT NOT NULL, b TEXT NOT NULL, v TEXT, w TEXT COLLATE NOCASE, UNIQUE(a, b));"
    "CREATE TABLE q(id INTEGER PRIMARY KEY, e TEXT, low TEXT AS (lower(e)), up TEXT AS (upper(e)) STORED,"
    " n INT);"
    "CREATE TABLE z(x INT, y TEXT);"
    "CREATE TABLE log(what TEXT, who INT);"
    "CREATE VIEW vc AS SELECT id, name, city, ssn FROM c;"
    "CREATE VIEW vj AS SELECT c.id AS id, c.name AS name, o.note AS note, o.amt AS amt"
    " FROM c JOIN o ON o.cid = c.id;"
    "CREATE VIEW vu AS SELECT id, ssn AS s FROM c UNION ALL SELECT id, note FROM o;"
    "CREATE VIEW vg AS SELECT city, count(*) AS n, min(id) AS id FROM c GROUP BY city;"
    "CREATE TRIGGER o_upd AFTER UPDATE OF st ON o BEGIN INSERT INTO log VALUES (new.st, new.id); END;"
    "CREATE TRIGGER p_del AFTER DELETE ON p BEGIN DELETE FROM i WHERE pid = old.id; END;";

struct relation {
    const char *name;
    const char *columns[8];
    unsigned masked; /* bit per column */
    bool is_table;
    const char *key;
};

static const struct relation relations[] = {
    {"c", {"id", "name", "city", "g", "ssn", "bal", "mail"}, 0x70, true, "id"},
    {"o", {"id", "cid", "amt", "st", "note"}, 0x10, true, "id"},
    {"i", {"oid", "pid", "qty", "memo"}, 0x08, true, "oid, pid"},
    {"p", {"id", "sku", "price", "cat", "cost"}, 0x10, true, "sku"},
    {"k", {"a", "b", "w", "v"}, 0x08, true, "a, b"},
    {"q", {"id", "n", "e", "low", "up"}, 0x1c, true, "id"},
    {"z", {"x", "y"}, 0, true, NULL},
    {"vc", {"id", "name", "city", "ssn"}, 0x08, false, NULL},
    {"vj", {"id", "name", "amt", "note"}, 0x08, false, NULL},
    {"vu", {"id", "s"}, 0x02, false, NULL},
    {"vg", {"city", "n", "id"}, 0, false, NULL},
};

#define N_RELATIONS (sizeof(relations) / sizeof(relations[0]))
#define MAX_SCOPE 6

/* One name of a FROM clause. */
struct item {
    char alias[16];
    const struct relation *relation;
};

struct scope {
    struct item items[MAX_SCOPE];
    unsigned n;
    const struct scope *outer;
};

static void put(struct og_grammar *g, const char *text)
{
    og_buf_append_str(g->out, text);
}

unsigned og_grammar_below(struct og_grammar *g, unsigned n)
{
    g->seed = g->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((g->seed >> 33) % n);
}

static bool chance(struct og_grammar *g, unsigned percent)
{
    return og_grammar_below(g, 100) < percent;
}

static const char *pick(struct og_grammar *g, const char *const *words, unsigned n)
{
    return words[og_grammar_below(g, n)];
}

#define PICK(g, ...)                                                                               \
    pick(g, (const char *const[]){__VA_ARGS__},                                                    \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

bool og_grammar_is_masked(const char *table, const char *column)
{
    for (size_t i = 0; i < N_RELATIONS; i++)
        for (unsigned c = 0; c < 8 && relations[i].columns[c]; c++)
            if (relations[i].is_table && strcmp(relations[i].name, table) == 0 &&
                strcmp(relations[i].columns[c], column) == 0)
                return (relations[i].masked >> c) & 1;
    return false;
}

static void select_core(struct og_grammar *g, const struct scope *outer, unsigned n_columns);

static unsigned count_columns(const struct relation *relation)
{
    unsigned n = 0;

    while (n < 8 && relation->columns[n])
        n++;
    return n;
}

/* masked: how many of a hundred columns may be masked ones. */
static void column(struct og_grammar *g, const struct scope *scope, unsigned masked)
{
    const struct item *item;
    unsigned c, n;

    if (scope->outer && scope->outer->n && chance(g, 25)) {
        column(g, scope->outer, masked);
        return;
    }
    item = &scope->items[og_grammar_below(g, scope->n)];
    n = count_columns(item->relation);
    for (unsigned i = 0; i < 6; i++) {
        c = og_grammar_below(g, n);
        if (!((item->relation->masked >> c) & 1) || chance(g, masked))
            break;
        c = 0;
    }
    og_buf_printf(g->out, "%s.%s", item->alias, item->relation->columns[c]);
}

static void literal(struct og_grammar *g)
{
    put(g, PICK(g, "0", "1", "2", "3", "5", "'a'", "'b'", "'ab'", "'A'", "NULL", "''", "'x'", "-1"));
}

static void expression(struct og_grammar *g, const struct scope *scope, unsigned masked);

static void call(struct og_grammar *g, const struct scope *scope, unsigned masked)
{
    static const char *const one[] = {"upper", "lower", "length", "hex",   "typeof", "trim",
                                      "abs",   "quote", "unicode", "round", "date",  "soundex"};
    static const char *const two[] = {"coalesce", "ifnull", "nullif", "instr", "min",
                                      "max",      "like",   "glob",   "json_array", "printf"};
    bool has_two = chance(g, 40);

    put(g, has_two ? pick(g, two, 10) : pick(g, one, 12));
    put(g, "(");
    expression(g, scope, masked);
    if (has_two) {
        put(g, ", ");
        expression(g, scope, masked);
    }
    put(g, ")");
}

static void subquery(struct og_grammar *g, const struct scope *scope)
{
    put(g, "(");
    select_core(g, scope, 1);
    if (chance(g, 30))
        put(g, " LIMIT 1");
    put(g, ")");
}

static void binary(struct og_grammar *g, const struct scope *scope, unsigned masked)
{
    put(g, "(");
    expression(g, scope, masked);
    put(g, PICK(g, " + ", " - ", " || ", " = ", " <> ", " < ", " >= ", " IS ", " AND ", " OR ", " * ",
                " IS NOT ", " LIKE ", " / "));
    expression(g, scope, masked);
    put(g, ")");
}

static void expression(struct og_grammar *g, const struct scope *scope, unsigned masked)
{
    unsigned kind = g->depth > 4 ? og_grammar_below(g, 6) : og_grammar_below(g, 16);

    g->depth++;
    if (kind < 4 && (scope->n || (scope->outer && scope->outer->n))) {
        column(g, scope, masked);
    } else if (kind < 7) {
        literal(g);
    } else if (kind < 9) {
        binary(g, scope, masked);
    } else if (kind < 11) {
        call(g, scope, masked);
    } else if (kind == 11) {
        put(g, "CASE WHEN ");
        expression(g, scope, masked);
        put(g, " THEN ");
        expression(g, scope, masked);
        put(g, " ELSE ");
        expression(g, scope, masked);
        put(g, " END");
    } else if (kind == 12 && g->depth < 4) {
        subquery(g, scope);
    } else if (kind == 13 && g->depth < 4) {
        put(g, PICK(g, "EXISTS ", "NOT EXISTS "));
        subquery(g, scope);
    } else if (kind == 14 && g->depth < 4) {
        put(g, "(");
        expression(g, scope, masked);
        put(g, PICK(g, " IN ", " NOT IN "));
        subquery(g, scope);
        put(g, ")");
    } else {
        literal(g);
    }
    g->depth--;
}

static void condition(struct og_grammar *g, const struct scope *scope)
{
    if (scope->n && chance(g, 60)) {
        column(g, scope, 4);
        put(g, PICK(g, " = ", " > ", " < ", " >= ", " <> ", " IS NOT "));
        literal(g);
    } else if (scope->n && chance(g, 40)) {
        column(g, scope, 4);
        put(g, PICK(g, " IN (1, 2, 3)", " BETWEEN 1 AND 4", " IS NULL", " LIKE 'a%'", " IN ('a', 'b')"));
    } else {
        expression(g, scope, 4);
    }
}

/* ---- FROM ---- */

static void from_item(struct og_grammar *g, struct scope *scope, bool is_table)
{
    struct item *item = &scope->items[scope->n];
    unsigned n = is_table ? 7 : N_RELATIONS;

    item->relation = &relations[og_grammar_below(g, n)];
    if (chance(g, 35))
        item->relation = &relations[0];
    (void)snprintf(item->alias, sizeof(item->alias), "t%u", g->n_names++ % 1000);
    if (!is_table && item->relation->is_table && chance(g, 8))
        og_buf_printf(g->out, "(SELECT * FROM %s%s) AS %s", item->relation->name,
                      chance(g, 50) ? " LIMIT 4" : "", item->alias);
    else
        og_buf_printf(g->out, "%s AS %s", item->relation->name, item->alias);
    scope->n++;
}

static const char *number_of(const struct relation *relation)
{
    for (unsigned c = 0; c < 8 && relation->columns[c]; c++)
        if (!((relation->masked >> c) & 1) &&
            (strcmp(relation->columns[c], "id") == 0 || strcmp(relation->columns[c], "cid") == 0 ||
             strcmp(relation->columns[c], "oid") == 0 || strcmp(relation->columns[c], "x") == 0))
            return relation->columns[c];
    return relation->columns[0];
}

static void from(struct og_grammar *g, struct scope *scope)
{
    unsigned n = 1u + (chance(g, 40) ? 1u : 0u) + (chance(g, 10) ? 1u : 0u);

    put(g, " FROM ");
    from_item(g, scope, false);
    for (unsigned i = 1; i < n; i++) {
        const char *join = PICK(g, " JOIN ", " LEFT JOIN ", " JOIN ", ", ", " CROSS JOIN ", " NATURAL JOIN ",
                                " RIGHT JOIN ", " FULL JOIN ");

        put(g, join);
        from_item(g, scope, false);
        if (strcmp(join, ", ") == 0 || strstr(join, "CROSS") || strstr(join, "NATURAL"))
            continue;
        put(g, " ON ");
        if (chance(g, 75))
            og_buf_printf(g->out, "%s.%s = %s.%s", scope->items[i].alias,
                          number_of(scope->items[i].relation), scope->items[i - 1].alias,
                          number_of(scope->items[i - 1].relation));
        else
            condition(g, scope);
    }
}

/* ---- SELECT ---- */

static void aggregate(struct og_grammar *g, const struct scope *scope)
{
    const char *name = PICK(g, "count", "sum", "min", "max", "avg", "total", "group_concat", "count");

    if (strcmp(name, "count") == 0 && chance(g, 60)) {
        put(g, "count(*)");
    } else {
        og_buf_printf(g->out, "%s(%s", name,
                      chance(g, 15) && strcmp(name, "group_concat") ? "DISTINCT " : "");
        column(g, scope, 6);
        put(g, ")");
    }
    if (chance(g, 8)) {
        put(g, " FILTER (WHERE ");
        condition(g, scope);
        put(g, ")");
    }
}

static void window(struct og_grammar *g, const struct scope *scope)
{
    const char *name = PICK(g, "row_number()", "rank()", "count(*)", "lag", "lead", "first_value", "sum",
                            "max", "ntile(2)", "last_value");

    put(g, name);
    if (!strchr(name, '(')) {
        put(g, "(");
        column(g, scope, 25);
        put(g, ")");
    }
    put(g, " OVER (");
    if (chance(g, 40)) {
        put(g, "PARTITION BY ");
        column(g, scope, 5);
        put(g, " ");
    }
    if (chance(g, 75)) {
        put(g, "ORDER BY ");
        column(g, scope, 5);
        if (chance(g, 30)) {
            put(g, ", ");
            column(g, scope, 5);
        }
        if (chance(g, 25))
            put(g, " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW");
    }
    put(g, ")");
}

static void list(struct og_grammar *g, const struct scope *scope, unsigned n, bool is_grouped)
{
    for (unsigned i = 0; i < n; i++) {
        put(g, i ? ", " : "");
        if (is_grouped && chance(g, 50))
            aggregate(g, scope);
        else if (!is_grouped && g->depth < 2 && chance(g, 8))
            window(g, scope);
        else if (chance(g, 75))
            column(g, scope, 40);
        else
            expression(g, scope, 12);
    }
}

static void columns(struct og_grammar *g, const struct scope *scope, unsigned n, unsigned masked)
{
    for (unsigned i = 0; i < n; i++) {
        put(g, i ? ", " : "");
        column(g, scope, masked);
    }
}

/* GROUP BY a full key with masked columns beside it, or a few columns. */
static void group(struct og_grammar *g, const struct scope *scope)
{
    const struct item *item = &scope->items[0];

    put(g, " GROUP BY ");
    if (item->relation->key && chance(g, 50)) {
        const char *second = strchr(item->relation->key, ' ');

        og_buf_printf(g->out, "%s.%.*s", item->alias, (int)strcspn(item->relation->key, ","),
                      item->relation->key);
        if (second)
            og_buf_printf(g->out, ", %s.%s", item->alias, second + 1);
        if (chance(g, 60)) {
            put(g, ", ");
            columns(g, &(struct scope){.items = {*item}, .n = 1}, 1, 90);
        }
    } else {
        columns(g, scope, 1 + og_grammar_below(g, 2), 6);
    }
    if (chance(g, 15)) {
        put(g, " HAVING ");
        aggregate(g, scope);
        put(g, " > 1");
    }
}

static void select_core(struct og_grammar *g, const struct scope *outer, unsigned n_columns)
{
    struct scope scope = {.n = 0, .outer = outer};
    struct og_buf *whole = g->out;
    struct og_buf tail;
    bool is_grouped = chance(g, 25), is_distinct = chance(g, 10);

    og_buf_init(&tail, 1u << 20);
    g->depth++;
    g->out = &tail;
    from(g, &scope);
    if (chance(g, 55)) {
        put(g, " WHERE ");
        condition(g, &scope);
        if (chance(g, 25)) {
            put(g, PICK(g, " AND ", " OR "));
            condition(g, &scope);
        }
    }
    if (is_grouped && chance(g, 80))
        group(g, &scope);
    g->out = whole;
    put(g, is_distinct ? "SELECT DISTINCT " : "SELECT ");
    if (g->depth == 1 && !is_grouped && n_columns == 0 && chance(g, 15)) {
        put(g, "*");
    } else {
        if (g->depth == 1 && scope.items[0].relation->key && chance(g, is_distinct ? 60 : 25))
            og_buf_printf(g->out, "%s.%s, ", scope.items[0].alias, scope.items[0].relation->columns[0]);
        list(g, &scope, n_columns ? n_columns : 1 + og_grammar_below(g, 4), is_grouped);
    }
    og_buf_append(g->out, og_buf_str(&tail), tail.n_bytes);
    og_buf_release(&tail);
    if (g->depth == 1 && chance(g, 45)) {
        put(g, " ORDER BY ");
        if (scope.items[0].relation->key && chance(g, 50))
            og_buf_printf(g->out, "%s.%s", scope.items[0].alias, scope.items[0].relation->columns[0]);
        else
            columns(g, &scope, 1 + og_grammar_below(g, 2), 5);
        put(g, PICK(g, "", "", " DESC"));
        if (chance(g, 40))
            put(g, PICK(g, " LIMIT 3", " LIMIT 2 OFFSET 1", " LIMIT 5"));
    } else if (g->depth == 1 && chance(g, 8)) {
        put(g, " LIMIT 2");
    }
    g->depth--;
}

static void compound(struct og_grammar *g)
{
    unsigned n = 1 + og_grammar_below(g, 3);

    g->depth++; /* no ORDER BY inside */
    select_core(g, NULL, n);
    put(g, PICK(g, " UNION ALL ", " UNION ALL ", " UNION ALL ", " UNION ", " EXCEPT ", " INTERSECT "));
    select_core(g, NULL, n);
    g->depth--;
    if (chance(g, 40))
        put(g, " ORDER BY 1");
}

static void with(struct og_grammar *g)
{
    if (chance(g, 30)) {
        put(g, "WITH RECURSIVE w(m, n) AS (");
        g->depth++;
        select_core(g, NULL, 2);
        put(g, " UNION ALL SELECT m, n FROM w LIMIT 9) ");
    } else {
        put(g, PICK(g, "WITH w(m, n) AS (", "WITH w(m, n) AS MATERIALIZED ("));
        g->depth++;
        select_core(g, NULL, 2);
        put(g, ") ");
    }
    g->depth--;
    put(g, PICK(g, "SELECT m, n FROM w", "SELECT w.m, c.ssn FROM w JOIN c ON c.id = w.n",
                "SELECT a.m, b.n FROM w a, w b", "SELECT count(*) FROM w", "SELECT n, m FROM w ORDER BY n",
                "SELECT DISTINCT m FROM w", "SELECT m, count(*) FROM w GROUP BY m",
                "SELECT c.id, c.mail FROM c WHERE c.id IN (SELECT m FROM w)"));
}

/* ---- writes ---- */

static void update(struct og_grammar *g)
{
    struct scope scope = {.n = 0};
    const struct relation *relation;
    unsigned c, n;

    put(g, PICK(g, "UPDATE ", "UPDATE ", "UPDATE OR IGNORE ", "UPDATE OR REPLACE "));
    from_item(g, &scope, true);
    relation = scope.items[0].relation;
    n = count_columns(relation);
    c = og_grammar_below(g, n);
    og_buf_printf(g->out, " SET %s = ", relation->columns[c]);
    if (chance(g, 40) && c)
        og_buf_printf(g->out, "%s || 'x'", relation->columns[c]);
    else
        expression(g, &scope, 8);
    if (chance(g, 10))
        put(g, " FROM z");
    if (chance(g, 75)) {
        put(g, " WHERE ");
        condition(g, &scope);
    }
    if (chance(g, 15))
        og_buf_printf(g->out, " RETURNING %s", relation->columns[og_grammar_below(g, n)]);
}

static void insert(struct og_grammar *g)
{
    const struct relation *relation = &relations[og_grammar_below(g, 7)];
    unsigned n = count_columns(relation);

    if (strcmp(relation->name, "q") == 0)
        n = 3;
    og_buf_printf(g->out, "INSERT %sINTO %s(", PICK(g, "", "", "OR IGNORE ", "OR REPLACE "), relation->name);
    for (unsigned c = 0; c < n; c++)
        og_buf_printf(g->out, "%s%s", c ? ", " : "", relation->columns[c]);
    put(g, ") ");
    if (chance(g, 50)) {
        put(g, "VALUES (");
        for (unsigned c = 0; c < n; c++) {
            put(g, c ? ", " : "");
            literal(g);
        }
        put(g, ")");
    } else if (chance(g, 50)) {
        put(g, "SELECT ");
        for (unsigned c = 0; c < n; c++)
            og_buf_printf(g->out, c ? ", %s" : "%s + 100", relation->columns[c]);
        og_buf_printf(g->out, " FROM %s WHERE 1", relation->name);
    } else {
        g->depth++;
        select_core(g, NULL, n);
        g->depth--;
    }
    if (relation->key && chance(g, 20))
        og_buf_printf(g->out, " ON CONFLICT(%s) %s", relation->key,
                      chance(g, 50) ? "DO NOTHING" : "");
    if (og_buf_str(g->out)[g->out->n_bytes - 1] == ' ')
        og_buf_printf(g->out, "DO UPDATE SET %s = excluded.%s", relation->columns[n - 1],
                      relation->columns[og_grammar_below(g, n)]);
}

static void delete(struct og_grammar *g)
{
    struct scope scope = {.n = 0};

    put(g, "DELETE FROM ");
    from_item(g, &scope, true);
    put(g, " WHERE ");
    condition(g, &scope);
    if (chance(g, 15))
        og_buf_printf(g->out, " RETURNING %s",
                      scope.items[0].relation->columns[og_grammar_below(g, 2)]);
}

void og_grammar_statement(struct og_grammar *g)
{
    unsigned kind = og_grammar_below(g, 100);

    g->depth = 0;
    g->n_names = 0;
    if (kind < 62)
        select_core(g, NULL, 0);
    else if (kind < 72)
        compound(g);
    else if (kind < 80)
        with(g);
    else if (kind < 88)
        update(g);
    else if (kind < 95)
        insert(g);
    else
        delete(g);
}

/* ---- rows ---- */

static void text(struct og_grammar *g, unsigned row, bool is_unique)
{
    if (is_unique)
        og_buf_printf(g->out, "'%c%u'", (char)('a' + (int)og_grammar_below(g, 20)), row);
    else
        put(g, PICK(g, "'a'", "'b'", "'ab'", "'A'", "'x'", "''", "NULL", "'1'", "'abc'"));
}

static void number(struct og_grammar *g)
{
    og_buf_printf(g->out, "%u", og_grammar_below(g, 6));
}

void og_grammar_rows(uint64_t seed, uint64_t secret, struct og_buf *out)
{
    static const char *const places[] = {"'a'", "'b'", "'ab'"};
    struct og_grammar open = {.seed = seed, .out = out};
    struct og_grammar hidden = {.seed = secret * 7919 + 3, .out = out};

#define OPEN(what) (what(&open), put(&open, ", "))
    for (unsigned row = 1; row <= 7; row++) {
        og_buf_printf(out, "INSERT INTO c(id, name, city, ssn, bal, mail, g) VALUES (%u, ", row);
        text(&open, row, false);
        og_buf_printf(out, ", %s, ", places[og_grammar_below(&open, 3)]);
        text(&hidden, row, false);
        put(&hidden, ", ");
        number(&hidden);
        put(&hidden, ", ");
        text(&hidden, row, true);
        og_buf_printf(out, ", %u);\n", og_grammar_below(&open, 3));
        og_buf_printf(out, "INSERT INTO p(id, sku, price, cost, cat) VALUES (%u, 'k%u', ", row, row);
        OPEN(number);
        number(&hidden);
        og_buf_printf(out, ", %u);\n", og_grammar_below(&open, 2));
        og_buf_printf(out, "INSERT INTO k VALUES ('%c', '%c', ", "ab"[row % 2], (char)('a' + (int)row));
        text(&hidden, row, false);
        put(&open, ", ");
        text(&open, row, false);
        og_buf_printf(out, ");\nINSERT INTO q(id, e, n) VALUES (%u, ", row);
        text(&hidden, row, false);
        og_buf_printf(out, ", %u);\n", og_grammar_below(&open, 3));
    }
    for (unsigned row = 1; row <= 10; row++) {
        og_buf_printf(out, "INSERT INTO o VALUES (%u, ", row);
        OPEN(number);
        OPEN(number);
        text(&hidden, row, false);
        og_buf_printf(out, ", %s);\n", places[og_grammar_below(&open, 3)]);
        og_buf_printf(out, "INSERT INTO i VALUES (%u, %u, ", row, 1 + row % 4);
        OPEN(number);
        text(&hidden, row, false);
        og_buf_append_str(out, ");\n");
    }
    og_buf_append_str(out, "INSERT INTO z VALUES (1, 'a'), (2, 'b'), (3, 'ab');\n");
#undef OPEN
}
