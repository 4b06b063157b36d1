/* SPDX-License-Identifier: MIT */
/* doors.h - reading one query through every door that ODBC has, each call written down.
 * Run by test_doors.py: once over a guarded data source and once directly over a table that holds
 * what the masks make of the values; the two transcripts must be the same. All memory that the
 * application hands to ODBC lies in one region, which is searched for clear values after each call.
 * Text and binary values are written down up to their length, nothing behind it. */
#ifndef OG_TESTS_LIVE_DOORS_H
#define OG_TESTS_LIVE_DOORS_H

#include <sql.h>
#include <sqlext.h>
#include <stdbool.h>
#include <stddef.h>

#define MAX_COLUMNS 16
#define MAX_ROWS 16
#define MAX_CELL 32768

/* Columns of the query, bound as c_type with cells of n_bytes. */
struct column {
    SQLSMALLINT c_type;
    SQLLEN n_bytes;
    char *data;     /* in the region */
    SQLLEN *length; /* in the region */
    SQLLEN *indicator;
};

struct doors {
    SQLHENV env;
    SQLHDBC dbc;
    SQLHSTMT stmt;
    const char *sql;
    const char *door; /* name of the one that is open */
    int n_columns;
    int n_rows;
    bool is_sqlite;
    bool is_narrow; /* the driver gives no wide text */
    struct column columns[MAX_COLUMNS];
    SQLUSMALLINT *status; /* in the region */
    SQLULEN *n_fetched;   /* in the region */
    SQLULEN *offset;      /* in the region */
    long n_calls;
};

/* doors.c */
void *take(size_t n_bytes); /* memory of the region, filled with 0x5A */
void forget_region(void);
/* Writes down a call: its code and the SQLSTATE of its first record; searches the region. */
SQLRETURN said(struct doors *d, const char *call, SQLRETURN code);
void say(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
void begin_door(struct doors *d, const char *name); /* a fresh statement */
void show_value(const char *what, SQLSMALLINT c_type, const char *data, SQLLEN n_bytes,
                SQLLEN length);
void show_rows(struct doors *d, SQLULEN n_rows, SQLULEN stride);
/* Memory for n_rows cells of every column. stride 0: by column, else one record per row. */
void take_cells(struct doors *d, SQLULEN n_rows, SQLULEN *stride);
void bind_all(struct doors *d);
void execute(struct doors *d);
void set_attr(struct doors *d, SQLINTEGER attribute, SQLPOINTER value);

/* doors_*.c */
void fetch_doors(struct doors *d);
void getdata_doors(struct doors *d);
void scroll_doors(struct doors *d);
void descriptor_doors(struct doors *d);
void bad_doors(struct doors *d);

#endif
