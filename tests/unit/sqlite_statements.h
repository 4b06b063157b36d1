/* SPDX-License-Identifier: MIT */
/* sqlite_statements.h - the schema and the one-line rendering that the tests of SQLite analysis
 * share; the statements are in sqlite_statements.tbl.h. */
#ifndef OG_TESTS_SQLITE_STATEMENTS_H
#define OG_TESTS_SQLITE_STATEMENTS_H

#include "common/sqlite_parts.h"

static const char test_schema[] =
    "CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, ssn TEXT,"
    " balance INT, phone TEXT);"
    "CREATE TABLE orders(id INTEGER PRIMARY KEY, customer_id INT REFERENCES customers(id),"
    " amount NUMERIC, note TEXT);"
    "CREATE TABLE wr(a TEXT, b TEXT, c TEXT, d TEXT, PRIMARY KEY(b, a)) WITHOUT ROWID;"
    "CREATE TABLE gen(id INTEGER PRIMARY KEY, email TEXT, low TEXT AS (lower(email)),"
    " up TEXT GENERATED ALWAYS AS (upper(email)) STORED);"
    "CREATE TABLE audit(what TEXT, who TEXT);"
    "CREATE TABLE copy(n INT, s TEXT);"
    "CREATE TABLE copy2(n INT, s TEXT);"
    "CREATE TABLE secrets(ssn TEXT, word TEXT);"
    "CREATE TABLE seq(id INTEGER PRIMARY KEY AUTOINCREMENT, t TEXT);"
    "CREATE TABLE checked(id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT, CHECK (a <> b));"
    "CREATE INDEX by_phone ON customers(phone, ssn);"
    "CREATE VIEW all_customers AS SELECT * FROM customers;"
    "CREATE VIEW some_customers AS SELECT id, name FROM customers WHERE ssn LIKE 'a%';"
    "CREATE VIEW totals AS SELECT name, sum(balance) AS total FROM customers GROUP BY name;"
    "CREATE VIEW deep AS SELECT name, id FROM (SELECT name, id, ssn FROM all_customers);"
    "CREATE TRIGGER on_name AFTER UPDATE OF name ON customers BEGIN"
    " INSERT INTO audit VALUES (new.ssn, old.name); END;"
    "CREATE TRIGGER on_view INSTEAD OF INSERT ON all_customers BEGIN"
    " INSERT INTO customers(name) VALUES (new.name); END;"
    "CREATE VIRTUAL TABLE ft USING fts5(body);"
    "CREATE TEMP TABLE tmp(id INTEGER PRIMARY KEY, secret TEXT);";

/* "KIND | effects | results | uses", or "KIND | refused: ..." */
__attribute__((__unused__)) static void test_render(struct og_facts *facts, struct og_buf *out)
{
    og_buf_append_str(out, facts->kind);
    if (facts->is_transaction_control)
        og_buf_append_str(out, " (transaction)");
    if (facts->changes_catalog)
        og_buf_append_str(out, " (catalog)");
    if (facts->n_parameters)
        og_buf_printf(out, " (%zu parameters)", facts->n_parameters);
    og_buf_append_str(out, " | ");
    for (size_t i = 0; i < facts->n_effects && !facts->refusal.what; i++) {
        const struct og_fact_effect *effect = &facts->effects[i];

        og_buf_append_str(out, og_effect_word(effect->effect));
        if (effect->object != OG_NO_OBJECT)
            og_buf_printf(out, " %s", facts->objects[effect->object].name);
        og_buf_append_str(out, i + 1 < facts->n_effects ? ", " : " ");
    }
    for (size_t i = 0; i < facts->n_functions && !facts->refusal.what; i++)
        if (!facts->functions[i].is_harmless)
            og_buf_printf(out, "UNKNOWN FUNCTION %s ", facts->functions[i].name);
    og_buf_append_str(out, "| ");
    og_sq_render(facts, out);
}

#endif
