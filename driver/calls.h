/* SPDX-License-Identifier: MIT */
/* calls.h - the ODBC call table that every layer of the driver speaks: the target (the dlopened
 * real driver), the guard over it, and the remote that talks to a broker worker. Typed from the
 * ODBC headers, so that no signature is written twice; the rows are entry.tbl.h's.
 * A NULL pointer: the layer does not have that function (the real driver does not export it). */
#ifndef OG_DRIVER_CALLS_H
#define OG_DRIVER_CALLS_H

#include "common/base.h"
#include "driver/diag.h"
#include "driver/odbc.h"

struct og_calls {
#define ROW(name, ...) __typeof__(name) *name;
#include "driver/entry.tbl.h"
#undef ROW
    /* SQLCancel while another thread is inside a call with the same statement. NULL: SQLCancel is good
     * for that too. SQLite's driver frees there what the other thread reads. */
    SQLRETURN(SQL_API *interrupt)(SQLHSTMT StatementHandle);
};

static inline SQLRETURN og_calls_interrupt(const struct og_calls *calls, SQLHSTMT stmt)
{
    return calls->interrupt ? calls->interrupt(stmt) : calls->SQLCancel(stmt);
}

struct og_conf;

/* One connection's layer, as the layer above holds it. Handles are the layer's own. */
struct og_layer {
    const struct og_calls *calls;
    SQLHANDLE env;
    SQLHANDLE dbc;
    void (*close)(struct og_layer *layer); /* frees dbc and env; the connection is closed by then */
    void *context;                         /* the layer's own */
    bool (*wants_broker)(const struct og_layer *layer); /* after a failed connect: guardfs holds the
                                                         * target's credentials. NULL: never */
};

/* Opens environment and connection handles of a layer for the target that conf names, with the
 * ODBC version that the application asked for; connects nothing yet (the layer above replays
 * attributes and then calls SQLConnect, SQLDriverConnect... through the table).
 * diag: gets a record that says why, on failure. Returns: SQL_SUCCESS or SQL_ERROR. */
typedef SQLRETURN og_layer_open(const struct og_conf *conf, SQLINTEGER odbc_version,
                                struct og_diag *diag, struct og_layer *out);

og_layer_open og_target_open; /* target.c: the real driver */
og_layer_open og_guard_open;  /* guard.c: the guard over the target */
og_layer_open og_remote_open; /* remote.c: the worker of a session, under guardfs */

/* How the entry layer opens connections: chosen by placement and build. */
og_layer_open *og_layer_for(const struct og_conf *conf);

#endif
