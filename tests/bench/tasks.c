/* SPDX-License-Identifier: MIT */
/* What is measured. */
#include <stdio.h>
#include <string.h>

#include "tests/bench/bench.h"

#define N_POINTS 1000u

bool complain(struct arm *arm, SQLHSTMT stmt, const char *what)
{
    SQLCHAR state[6] = "", text[400] = "";

    (void)SQLGetDiagRec(stmt ? SQL_HANDLE_STMT : SQL_HANDLE_DBC, stmt ? stmt : arm->dbc, 1, state, NULL,
                        text, sizeof(text), NULL);
    fprintf(stderr, "%s: %s: %s %s\n", arm->dsn, what, state, text);
    return false;
}

bool arm_open(struct arm *arm)
{
    (void)SQLAllocHandle(SQL_HANDLE_ENV, NULL, &arm->env);
    (void)SQLSetEnvAttr(arm->env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)(uintptr_t)SQL_OV_ODBC3, 0);
    (void)SQLAllocHandle(SQL_HANDLE_DBC, arm->env, &arm->dbc);
    if (!SQL_SUCCEEDED(SQLConnect(arm->dbc, (SQLCHAR *)(uintptr_t)arm->dsn, SQL_NTS, NULL, 0, NULL, 0)))
        return complain(arm, NULL, "connect");
    (void)SQLAllocHandle(SQL_HANDLE_STMT, arm->dbc, &arm->stmt);
    return true;
}

void arm_close(struct arm *arm)
{
    if (arm->stmt)
        (void)SQLFreeHandle(SQL_HANDLE_STMT, arm->stmt);
    (void)SQLDisconnect(arm->dbc);
    (void)SQLFreeHandle(SQL_HANDLE_DBC, arm->dbc);
    (void)SQLFreeHandle(SQL_HANDLE_ENV, arm->env);
    arm->stmt = NULL;
}

/* ---- point reads ---- */

static SQLINTEGER key;
static SQLLEN key_length;

static bool prepare(struct arm *arm, const char *sql)
{
    if (!SQL_SUCCEEDED(SQLPrepare(arm->stmt, (SQLCHAR *)(uintptr_t)sql, SQL_NTS)))
        return complain(arm, arm->stmt, sql);
    return SQL_SUCCEEDED(SQLBindParameter(arm->stmt, 1, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, &key,
                                          0, &key_length));
}

static bool set_up_point(struct arm *arm)
{
    return prepare(arm, "SELECT id, name, town FROM things WHERE id = ?");
}

/* Reads the row or rows of an executed statement. */
static long drain(struct arm *arm)
{
    SQLCHAR cell[64];
    SQLLEN n;
    long rows = 0;

    while (SQL_SUCCEEDED(SQLFetch(arm->stmt))) {
        (void)SQLGetData(arm->stmt, 2, SQL_C_CHAR, cell, sizeof(cell), &n);
        rows++;
    }
    (void)SQLFreeStmt(arm->stmt, SQL_CLOSE);
    return rows;
}

static long run_point(struct arm *arm)
{
    key = (SQLINTEGER)(arm->n++ * 7919u % N_POINTS + 1);
    if (!SQL_SUCCEEDED(SQLExecute(arm->stmt)))
        return complain(arm, arm->stmt, "point"), -1;
    return drain(arm);
}

static bool set_up_nothing(struct arm *arm)
{
    (void)arm;
    return true;
}

static long direct(struct arm *arm, const char *sql)
{
    if (!SQL_SUCCEEDED(SQLExecDirect(arm->stmt, (SQLCHAR *)(uintptr_t)sql, SQL_NTS)))
        return complain(arm, arm->stmt, sql), -1;
    return drain(arm);
}

/* A text that was never seen, of a kind that was. */
static long run_fresh(struct arm *arm)
{
    char sql[160];

    (void)snprintf(sql, sizeof(sql), "SELECT id, name, town FROM things WHERE id = %u AND id <> -%u",
                   arm->n * 7919u % N_POINTS + 1, arm->n + 1);
    arm->n++;
    return direct(arm, sql);
}

static long run_repeated(struct arm *arm)
{
    return direct(arm, "SELECT id, name, town FROM things WHERE id = 77");
}

/* ---- writes ---- */

static bool set_up_insert(struct arm *arm)
{
    return prepare(arm, "INSERT INTO log (n, text) VALUES (?, 'a line of text')");
}

static long run_insert(struct arm *arm)
{
    key = (SQLINTEGER)arm->n++;
    if (!SQL_SUCCEEDED(SQLExecute(arm->stmt)))
        return complain(arm, arm->stmt, "insert"), -1;
    return 1;
}

static bool set_up_update(struct arm *arm)
{
    return prepare(arm, "UPDATE clear SET town = name WHERE id = ?");
}

static long run_update(struct arm *arm)
{
    key = (SQLINTEGER)(arm->n++ % N_POINTS + 1);
    if (!SQL_SUCCEEDED(SQLExecute(arm->stmt)))
        return complain(arm, arm->stmt, "update"), -1;
    return 1;
}

static long run_update_many(struct arm *arm)
{
    if (!SQL_SUCCEEDED(SQLExecDirect(
            arm->stmt, (SQLCHAR *)(uintptr_t)"UPDATE clear SET town = name WHERE id <= 1000", SQL_NTS)))
        return complain(arm, arm->stmt, "update"), -1;
    return 1000;
}

/* ---- bulk ---- */

#define BLOCK 100u
#define N_COLUMNS 8u
static SQLCHAR cells[N_COLUMNS][BLOCK][48];
static SQLLEN lengths[N_COLUMNS][BLOCK];
static SQLULEN n_fetched;

static bool set_up_bulk(struct arm *arm)
{
    (void)SQLSetStmtAttr(arm->stmt, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)(uintptr_t)BLOCK, 0);
    (void)SQLSetStmtAttr(arm->stmt, SQL_ATTR_ROWS_FETCHED_PTR, &n_fetched, 0);
    for (unsigned c = 0; c < N_COLUMNS; c++)
        if (!SQL_SUCCEEDED(SQLBindCol(arm->stmt, (SQLUSMALLINT)(c + 1), SQL_C_CHAR, cells[c],
                                      sizeof(cells[c][0]), lengths[c])))
            return complain(arm, arm->stmt, "bind");
    return true;
}

static long bulk(struct arm *arm, const char *table)
{
    char sql[160];
    long rows = 0;

    (void)snprintf(sql, sizeof(sql), "SELECT id, name, town, email, card, phone, a, b FROM %s", table);
    if (!SQL_SUCCEEDED(SQLExecDirect(arm->stmt, (SQLCHAR *)sql, SQL_NTS)))
        return complain(arm, arm->stmt, sql), -1;
    while (SQL_SUCCEEDED(SQLFetch(arm->stmt)))
        rows += (long)n_fetched;
    (void)SQLFreeStmt(arm->stmt, SQL_CLOSE);
    return rows;
}

static long run_bulk_clear(struct arm *arm)
{
    return bulk(arm, "clear");
}

static long run_bulk_masked(struct arm *arm)
{
    return bulk(arm, "people");
}

/* ---- connections ---- */

static long run_connect(struct arm *arm)
{
    arm_close(arm);
    return arm_open(arm) ? 1 : -1;
}

const struct task tasks[] = {
    {"prepared point read", set_up_point, run_point, 300, 1.30, 1.05, "G1, G5"},
    {"ExecDirect, fresh text", set_up_nothing, run_fresh, 200, 0, 1.60, "G3"},
    {"ExecDirect, repeated text", set_up_nothing, run_repeated, 200, 0, 1.05, "G2"},
    {"insert, autocommit", set_up_insert, run_insert, 60, 1.20, 0, "G7"},
    {"update of 1 row, autocommit", set_up_update, run_update, 20, 0, 0, "-"},
    {"update of 1000 rows, autocommit", set_up_nothing, run_update_many, 1, 0, 0, "-"},
    {"bulk fetch, no mask", set_up_bulk, run_bulk_clear, 1, 1.05, 1.01, "G8"},
    {"bulk fetch, 3 of 8 masked", set_up_bulk, run_bulk_masked, 1, 1.10, 1.10, "G9"},
    {"connect and disconnect", set_up_nothing, run_connect, 3, 1.10, 0, "G11"},
};
const size_t n_tasks = sizeof(tasks) / sizeof(tasks[0]);
