/* SPDX-License-Identifier: MIT */
/* guard_undo_pg_apply.c - taking the rows of an undo set back on PostgreSQL, over the application's own
 * connection. Every row is locked and compared first. Where a table has triggers of users, they are kept
 * from running again (session_replication_role), which takes foreign keys with it: those are then checked
 * here. Without that right triggers run, and what they do besides is a conflict. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/undo_map.h"
#include "driver/guard.h"
#include "driver/guard_undo_pg.h"

#define MAX_ARENA_BYTES ((size_t)256 * 1024 * 1024)

struct pg_key {
    const char *child, *parent; /* quoted names */
    const char *on;             /* "o.a = p.b AND ..." */
    const char *present;        /* "o.a IS NOT NULL AND ..." */
    uint64_t child_oid, parent_oid;
};

struct pg_apply {
    struct og_guard_stmt *stmt;
    const struct og_undo_set *set;
    const bool *picked; /* by whoever asks; NULL: all */
    bool *rows;         /* of these, what is taken back */
    struct og_undo_conflicts *out;
    struct og_undo_query query;
    struct og_arena arena;
    struct og_arena row_arena; /* of one row's values */
    struct og_undo_pg_table *tables;
    struct pg_key *keys;
    size_t n_keys, max_keys;
    struct og_undo_value *now, *key, *was;
    struct og_undo_map map;
    bool is_replica;
    uint64_t first_xid;
};

static int stop(struct pg_apply *apply, int r, const char *why)
{
    if (!apply->out->why)
        apply->out->why = why;
    return r;
}

/* What failed on the server, in words. */
static int stop_state(struct pg_apply *apply)
{
    static const struct {
        const char *state, *why;
    } rows[] = {
        {"40001", "other transactions changed these rows meanwhile: try again"},
        {"40P01", "a deadlock with another transaction: try again"},
        {"55P03", "other transactions hold these rows: try again"},
        {"57014", "it was cancelled, or took longer than statement_timeout allows"},
        {"42501", "the database does not let this role do that"},
    };

    for (size_t i = 0; i < OG_COUNT(rows); i++)
        if (memcmp(apply->query.sqlstate, rows[i].state, 5) == 0)
            return stop(apply, -EIO, rows[i].why);
    return stop(apply, -EIO, "the database refused a step of it");
}

static int run(struct pg_apply *apply, const char *sql)
{
    return og_undo_query_run_text(&apply->query, sql) < 0 ? stop_state(apply) : 0;
}

/* ---- tables and their foreign keys ---- */

static bool is_same_shape(const struct og_undo_table *a, const struct og_undo_table *b)
{
    if (a->n_columns != b->n_columns)
        return false;
    for (size_t i = 0; i < a->n_columns; i++)
        if (strcmp(a->columns[i].name, b->columns[i].name) != 0 ||
            strcmp(a->columns[i].type, b->columns[i].type) != 0 ||
            a->columns[i].flags != b->columns[i].flags)
            return false;
    return true;
}

static int find_oid(struct pg_apply *apply, const struct og_undo_table *table, uint64_t *oid)
{
    struct og_undo_query *query = &apply->query;
    struct og_buf name;
    int r;

    og_buf_init(&name, 4096);
    og_undo_put_name(&name, table);
    og_undo_query_begin(query);
    og_buf_append_str(&query->sql, "SELECT pg_catalog.to_regclass(");
    og_undo_put_text(&query->sql, og_buf_str(&name), name.n_bytes);
    og_buf_append_str(&query->sql, ")::pg_catalog.oid::pg_catalog.int8");
    og_buf_release(&name);
    r = og_undo_query_run(query);
    if (r == 0)
        r = og_undo_query_next(query);
    return r == 0 ? og_undo_query_number(query, 0, oid) : -EIO;
}

static int open_tables(struct pg_apply *apply)
{
    const struct og_undo_set *set = apply->set;
    const char *why;

    apply->tables = og_arena_array(&apply->arena, set->n_tables + 1, sizeof(*apply->tables));
    for (size_t i = 0; apply->tables && i < set->n_tables; i++) {
        uint64_t oid = 0;

        if (find_oid(apply, &set->tables[i], &oid) < 0 || !oid ||
            og_undo_pg_describe(&apply->query, oid, &apply->arena, &apply->tables[i], &why) < 0 ||
            !is_same_shape(&apply->tables[i].table, &set->tables[i]))
            return stop(apply, -ESTALE, "a table of this set is gone or has other columns now: a "
                                        "migration has to take it back");
    }
    return apply->tables ? 0 : stop(apply, -ENOMEM, "memory is short");
}

#define HEX(x) "pg_catalog.encode(pg_catalog.convert_to((" x ")::pg_catalog.text,'UTF8'),'hex')"
#define COLUMN(rel, numbers, alias)                                                               \
    "'" alias ".'||(SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute a"       \
    " WHERE a.attrelid = k." rel " AND a.attnum = k." numbers "[i.i])"

/* Foreign keys from or to a table of the set. */
static int read_keys(struct pg_apply *apply)
{
    struct og_undo_query *query = &apply->query;
    const char *joint = "";
    int r;

    og_undo_query_begin(query);
    og_buf_append_str(
        &query->sql,
        "SELECT " HEX("cn.nspname") "," HEX("c.relname") "," HEX("pn.nspname") "," HEX("p.relname") ","
        HEX("(SELECT pg_catalog.string_agg(" COLUMN("conrelid", "conkey", "o") "||' = '||"
            COLUMN("confrelid", "confkey", "p") ",' AND ') FROM"
            " pg_catalog.generate_subscripts(k.conkey,1) i(i))") ","
        HEX("(SELECT pg_catalog.string_agg(" COLUMN("conrelid", "conkey", "o") "||' IS NOT NULL',"
            "' AND ') FROM pg_catalog.generate_subscripts(k.conkey,1) i(i))") ","
        "k.conrelid::pg_catalog.int8,k.confrelid::pg_catalog.int8"
        " FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
        " JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace"
        " JOIN pg_catalog.pg_class p ON p.oid = k.confrelid"
        " JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace"
        " WHERE k.contype = 'f' AND k.convalidated AND ARRAY[k.conrelid,k.confrelid] &&"
        " ARRAY[");
    for (size_t i = 0; i < apply->set->n_tables; i++, joint = ",")
        og_buf_printf(&query->sql, "%s%llu", joint,
                      (unsigned long long)apply->tables[i].table.id);
    og_buf_append_str(&query->sql, "]::pg_catalog.oid[]");
    r = og_undo_query_run(query);
    while (r == 0 && (r = og_undo_query_next(query)) == 0) {
        struct pg_key *key = og_arena_push(&apply->arena, &apply->keys, &apply->n_keys,
                                           &apply->max_keys, sizeof(*key));
        const char *names[4] = {"", "", "", ""};
        struct og_buf text;

        for (size_t i = 0; r == 0 && i < OG_COUNT(names); i++)
            r = og_undo_query_text(query, i, &apply->arena, &names[i]);
        if (r == 0 && key)
            r = og_undo_query_text(query, 4, &apply->arena, &key->on);
        if (r == 0 && key)
            r = og_undo_query_text(query, 5, &apply->arena, &key->present);
        if (r == 0 && key)
            r = og_undo_query_number(query, 6, &key->child_oid);
        if (r == 0 && key)
            r = og_undo_query_number(query, 7, &key->parent_oid);
        if (r < 0 || !key)
            return stop(apply, -EIO, "the foreign keys cannot be read");
        og_buf_init(&text, 4096);
        og_undo_put_name(&text, &(struct og_undo_table){.schema = names[0], .name = names[1]});
        key->child = og_arena_strdup(&apply->arena, og_buf_str(&text));
        og_buf_clear(&text);
        og_undo_put_name(&text, &(struct og_undo_table){.schema = names[2], .name = names[3]});
        key->parent = og_arena_strdup(&apply->arena, og_buf_str(&text));
        og_buf_release(&text);
        if (!key->child || !key->parent)
            return stop(apply, -ENOMEM, "memory is short");
    }
    return r < 0 ? stop_state(apply) : 0;
}

/* Triggers of users would run again; whoever may keeps them from it. */
static int choose_mode(struct pg_apply *apply)
{
    bool has_triggers = false;

    for (size_t i = 0; i < apply->set->n_tables; i++)
        has_triggers = has_triggers || apply->tables[i].has_triggers;
    if (!has_triggers)
        return 0;
    if (run(apply, "SAVEPOINT odbcguard_undo") < 0)
        return -EIO;
    if (og_undo_query_run_text(&apply->query, "SELECT pg_catalog.set_config("
                                              "'session_replication_role','replica',true)") == 0) {
        apply->is_replica = true;
        return 0;
    }
    return run(apply, "ROLLBACK TO SAVEPOINT odbcguard_undo");
}

/* ---- looking ---- */

/* Returns: 0 with the row in now; 1 there is none; < 0. */
static int select_row(struct pg_apply *apply, uint32_t number, const struct og_undo_value *key,
                      bool for_update)
{
    const struct og_undo_table *table = &apply->tables[number].table;
    struct og_undo_query *query = &apply->query;
    int r;

    og_arena_reset(&apply->row_arena);
    og_undo_query_begin(query);
    og_buf_append_str(&query->sql, "SELECT ");
    og_undo_put_columns(&query->sql, table);
    og_buf_append_str(&query->sql, " FROM ONLY ");
    og_undo_put_name(&query->sql, table);
    og_buf_append_str(&query->sql, " o");
    og_undo_put_where(&query->sql, table, key);
    if (for_update)
        og_buf_append_str(&query->sql, " FOR UPDATE OF o");
    r = og_undo_query_run(query);
    if (r == 0)
        r = og_undo_query_next(query);
    if (r == 1)
        return 1;
    for (size_t i = 0; r == 0 && i < table->n_columns; i++)
        r = og_undo_query_bytes(query, i, &apply->row_arena, &apply->now[i]);
    return r < 0 ? stop_state(apply) : 0;
}

static bool is_now(const struct pg_apply *apply, const struct og_undo_table *table)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (!og_undo_is_same(&apply->now[i], &apply->was[i]))
            return false;
    return true;
}

static const char *compare_after(struct pg_apply *apply, const struct og_undo_map_entry *entry,
                                 bool is_there)
{
    const struct og_undo_row *row = &apply->set->rows[entry->row];

    if (!entry->is_present)
        return is_there ? "a row with this key was inserted since" : NULL;
    if (!is_there)
        return "the row was deleted since";
    if (!og_undo_after(apply->set, row, apply->was))
        return "the same write changed this row again: pick that line too";
    return is_now(apply, &apply->set->tables[row->table]) ? NULL : "the row was changed since";
}

static bool is_before(struct pg_apply *apply, const struct og_undo_map_entry *entry, bool is_there)
{
    const struct og_undo_row *row = &apply->set->rows[entry->first_row];

    if (is_there != entry->was_present)
        return false;
    return !is_there || (og_undo_before(apply->set, row, apply->was) &&
                         is_now(apply, &apply->set->tables[row->table]));
}

/* Every row that the set touched: first that it is as it was left, in the end that it is as it was. */
static int look_at_rows(struct pg_apply *apply, bool is_at_end)
{
    bool is_already = true;

    for (size_t i = 0; i < apply->map.n_slots; i++) {
        const struct og_undo_map_entry *entry = &apply->map.entries[i];
        const char *reason = NULL;
        int r;

        if (!entry->is_used || entry->is_idle)
            continue;
        if (!og_undo_map_key(&apply->map, entry, &apply->set->tables[entry->table], apply->key))
            return stop(apply, -EBADMSG, "the set is broken");
        r = select_row(apply, entry->table, apply->key, !is_at_end);
        if (r < 0)
            return r;
        if (is_at_end && !is_before(apply, entry, r == 0))
            reason = "a trigger of the database changes this row again: take it back as a role that may "
                     "set session_replication_role";
        else if (!is_at_end)
            reason = compare_after(apply, entry, r == 0);
        if (reason)
            og_undo_conflicts_add(apply->out, entry->row, reason);
        is_already = is_already && !is_at_end && is_before(apply, entry, r == 0);
    }
    apply->out->is_already = is_already && !is_at_end;
    return apply->out->is_already || apply->out->n_items ? 1 : 0;
}

/* ---- writing ---- */

static void put_update(struct pg_apply *apply, const struct og_undo_table *table,
                       const struct og_undo_row *row, struct og_buf *sql)
{
    struct og_undo_value *after = apply->now;
    bool has_after = og_undo_after(apply->set, row, after);
    const char *joint = " SET ";

    og_buf_append_str(sql, "UPDATE ONLY ");
    og_undo_put_name(sql, table);
    og_buf_append_str(sql, " o");
    for (size_t i = 0; i < table->n_columns; i++) {
        if (has_after && og_undo_is_same(&after[i], &apply->was[i]))
            continue;
        og_buf_append_str(sql, joint);
        og_undo_put_ident(sql, table->columns[i].name);
        og_buf_append_str(sql, " = ");
        og_undo_put_value(sql, &table->columns[i], &apply->was[i]);
        joint = ", ";
    }
    if (joint[1] == 'S') { /* nothing that shows was changed */
        og_buf_append_str(sql, joint);
        og_undo_put_ident(sql, table->columns[0].name);
        og_buf_append_str(sql, " = o.");
        og_undo_put_ident(sql, table->columns[0].name);
    }
    og_undo_put_where(sql, table, apply->key);
}

static void put_insert(const struct pg_apply *apply, const struct og_undo_table *table,
                       struct og_buf *sql)
{
    og_buf_append_str(sql, "INSERT INTO ");
    og_undo_put_name(sql, table);
    for (size_t i = 0; i < table->n_columns; i++) {
        og_buf_append_str(sql, i ? "," : " (");
        og_undo_put_ident(sql, table->columns[i].name);
    }
    og_buf_append_str(sql, ") OVERRIDING SYSTEM VALUE VALUES");
    for (size_t i = 0; i < table->n_columns; i++) {
        og_buf_append_str(sql, i ? "," : " (");
        og_undo_put_value(sql, &table->columns[i], &apply->was[i]);
    }
    og_buf_append_char(sql, ')');
}

/* A row that goes must not take others with it by ON DELETE: those are waited for, or stand in the way.
 * Returns: 0 none; 1 some; < 0. */
static int has_children(struct pg_apply *apply, const struct og_undo_table *table)
{
    for (size_t i = 0; !apply->is_replica && i < apply->n_keys; i++) {
        const struct pg_key *key = &apply->keys[i];
        struct og_undo_query *query = &apply->query;
        int r;

        if (key->parent_oid != table->id)
            continue;
        og_undo_query_begin(query);
        og_buf_printf(&query->sql, "SELECT 1 FROM %s o, (SELECT * FROM ", key->child);
        og_undo_put_name(&query->sql, table);
        og_buf_append_str(&query->sql, " o");
        og_undo_put_where(&query->sql, table, apply->key);
        og_buf_printf(&query->sql, ") p WHERE %s LIMIT 1", key->on);
        r = og_undo_query_run(query);
        if (r == 0)
            r = og_undo_query_next(query);
        if (r != 1)
            return r == 0 ? 1 : stop_state(apply);
    }
    return 0;
}

/* Returns: 0 taken back; 1 not yet; < 0. */
static int take_back(struct pg_apply *apply, size_t number)
{
    const struct og_undo_row *row = &apply->set->rows[number];
    const struct og_undo_table *table = &apply->tables[row->table].table;
    struct og_undo_query *query = &apply->query;
    SQLLEN n = 0;
    int r;

    (void)og_undo_before(apply->set, row, apply->was);
    (void)og_undo_key_after(apply->set, row, apply->key);
    if (row->change == OG_UNDO_INSERTED && (r = has_children(apply, table)) != 0)
        return r;
    if (run(apply, "SAVEPOINT odbcguard_undo_row") < 0)
        return -EIO;
    og_undo_query_begin(query);
    if (row->change == OG_UNDO_INSERTED) {
        og_buf_append_str(&query->sql, "DELETE FROM ONLY ");
        og_undo_put_name(&query->sql, table);
        og_buf_append_str(&query->sql, " o");
        og_undo_put_where(&query->sql, table, apply->key);
    } else if (row->change == OG_UNDO_UPDATED) {
        put_update(apply, table, row, &query->sql);
    } else {
        put_insert(apply, table, &query->sql);
    }
    if (og_undo_query_run(query) == 0) {
        (void)query->calls->SQLRowCount(query->stmt, &n);
        /* A row that another's cascade has moved or removed already is judged in the end. */
        return run(apply, "RELEASE SAVEPOINT odbcguard_undo_row");
    }
    if (memcmp(query->sqlstate, "23", 2) != 0)
        return stop_state(apply);
    return run(apply, "ROLLBACK TO SAVEPOINT odbcguard_undo_row") < 0 ? -EIO : 1;
}

/* Newest first; what a constraint stands against is tried again after the others. */
static int take_all_back(struct pg_apply *apply)
{
    size_t n = apply->set->n_rows, n_left = 0, last = SIZE_MAX;
    size_t *left = og_arena_array(&apply->arena, n + 1, sizeof(*left));

    if (!left)
        return stop(apply, -ENOMEM, "memory is short");
    for (size_t i = n; i-- > 0;)
        if (apply->rows[i])
            left[n_left++] = i;
    while (n_left && n_left < last) {
        last = n_left;
        n_left = 0;
        for (size_t i = 0; i < last; i++) {
            int r = take_back(apply, left[i]);

            if (r < 0)
                return r;
            if (r == 1)
                left[n_left++] = left[i];
        }
    }
    for (size_t i = 0; i < n_left; i++)
        og_undo_conflicts_add(apply->out, left[i],
                              "a constraint stands against it: other rows changed since, or refer to it");
    return n_left ? 1 : 0;
}

/* ---- foreign keys, where the server was told to leave them alone ---- */

static int check_key(struct pg_apply *apply, const struct pg_key *key, size_t last_row)
{
    struct og_undo_query *query = &apply->query;
    int r;

    /* What rows that came back refer to must not go before the commit. */
    og_undo_query_begin(query);
    og_buf_printf(&query->sql, "SELECT 1 FROM %s p WHERE EXISTS (SELECT 1 FROM %s o WHERE %s AND ",
                  key->parent, key->child, key->on);
    og_undo_put_is_own(&query->sql, apply->first_xid);
    og_buf_append_str(&query->sql, ") FOR KEY SHARE OF p");
    if (og_undo_query_run(query) < 0)
        return stop_state(apply);
    og_undo_query_begin(query);
    og_buf_printf(&query->sql,
                  "SELECT 1 FROM %s o WHERE %s AND NOT EXISTS (SELECT 1 FROM %s p WHERE %s) LIMIT 1",
                  key->child, key->present, key->parent, key->on);
    r = og_undo_query_run(query);
    if (r == 0)
        r = og_undo_query_next(query);
    if (r < 0)
        return stop_state(apply);
    if (r == 1)
        return 0;
    og_undo_conflicts_add(apply->out, last_row,
                          "it would break a foreign key: other rows refer to what would go, or what these "
                          "refer to is gone");
    return 1;
}

static int check_keys(struct pg_apply *apply)
{
    size_t last = 0;
    int r = 0;

    for (size_t i = 0; i < apply->set->n_rows; i++)
        if (apply->rows[i]) {
            last = i;
            break;
        }
    for (size_t i = 0; r == 0 && apply->is_replica && i < apply->n_keys; i++)
        r = check_key(apply, &apply->keys[i], last);
    return r;
}

static int read_xid(struct pg_apply *apply)
{
    int r = run(apply, "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())"
                       "::pg_catalog.text");

    if (r == 0)
        r = og_undo_query_next(&apply->query);
    if (r == 0)
        r = og_undo_query_number(&apply->query, 0, &apply->first_xid);
    return r ? stop_state(apply) : 0;
}

static int choose_rows(struct pg_apply *apply)
{
    size_t n = apply->set->n_rows;

    apply->rows = og_arena_array(&apply->arena, n + 1, sizeof(*apply->rows));
    for (size_t i = 0; apply->rows && i < n; i++)
        apply->rows[i] = !apply->picked || apply->picked[i];
    if (!apply->rows || og_undo_map_fill(&apply->map, apply->set, apply->picked) != 0 ||
        og_undo_map_skip_idle(&apply->map, apply->set, apply->rows) != 0)
        return stop(apply, -EBADMSG, "the set is broken, or memory is short");
    return 0;
}

/* Somebody else's lock is told, not waited for without end; a shorter limit of the session's own stays. */
static const char lock_timeout_sql[] =
    "SELECT pg_catalog.set_config('lock_timeout',CASE WHEN s.setting::pg_catalog.int8 BETWEEN 1 AND 5000"
    " THEN s.setting ELSE '5000' END,true) FROM pg_catalog.pg_settings s WHERE s.name = 'lock_timeout'";

static int carry_out(struct pg_apply *apply)
{
    int r;

    og_undo_query_begin(&apply->query);
    og_undo_put_settings(&apply->query.sql, apply->set->time_zone, true);
    if (og_undo_query_run(&apply->query) < 0)
        return stop(apply, -EIO, "the settings that the set was made under cannot be had here");
    r = run(apply, lock_timeout_sql);
    if (r == 0)
        r = read_xid(apply);
    if (r == 0)
        r = open_tables(apply);
    if (r == 0)
        r = read_keys(apply);
    if (r == 0)
        r = choose_rows(apply);
    if (r == 0)
        r = look_at_rows(apply, false);
    if (r == 0)
        r = choose_mode(apply);
    if (r == 0)
        r = take_all_back(apply);
    if (r == 0)
        r = look_at_rows(apply, true);
    if (r == 0)
        r = check_keys(apply);
    if (r == 0 && apply->is_replica)
        r = run(apply, "SELECT pg_catalog.set_config('session_replication_role','origin',true)");
    return r;
}

int og_undo_pg_apply(struct og_guard_stmt *stmt, const struct og_undo_set *set, const bool *picked,
                     struct og_undo_conflicts *out)
{
    struct pg_apply apply = {.stmt = stmt, .set = set, .picked = picked, .out = out};
    size_t n_columns = og_undo_max_columns(set) + 1;
    int r;

    *out = (struct og_undo_conflicts){.items = NULL};
    og_arena_init(&apply.arena, MAX_ARENA_BYTES);
    og_arena_init(&apply.row_arena, MAX_ARENA_BYTES);
    og_undo_map_init(&apply.map);
    apply.now = calloc(3 * n_columns, sizeof(*apply.now));
    if (!apply.now ||
        og_undo_query_open(&apply.query, stmt->object.calls, stmt->dbc->object.below) < 0) {
        r = stop(&apply, -ENOMEM, "memory is short");
    } else {
        apply.key = apply.now + n_columns;
        apply.was = apply.key + n_columns;
        r = carry_out(&apply);
        og_undo_query_close(&apply.query);
    }
    og_undo_map_release(&apply.map);
    og_arena_release(&apply.row_arena);
    og_arena_release(&apply.arena);
    free(apply.now);
    return r;
}
