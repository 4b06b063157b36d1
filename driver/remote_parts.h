/* SPDX-License-Identifier: MIT */
/* remote_parts.h - the inside of the remote: a layer whose every call is a message to the worker of its
 * session, where the same guard runs over the real driver. Shared by remote*.c and by nothing else.
 *
 * remote.c         the layer: guardfs asked for a worker, hello, one call at a time; its end
 * remote_calls.c   calls that travel as they are, from link.tbl.h
 * remote_attr.c    attributes and descriptors: pointers of this side stay here
 * remote_rows.c    bound columns, fetching, SQLGetData
 * remote_params.c  parameters, executing, data at execution
 *
 * What ODBC defers stays with the application until the call that uses it: the remote keeps where its
 * buffers are, and copies in and out at that call. One lock per connection: a reply is read whole and used
 * before the next call is sent. */
#ifndef OG_DRIVER_REMOTE_PARTS_H
#define OG_DRIVER_REMOTE_PARTS_H

#include <pthread.h>
#include <sys/types.h>

#include "driver/calls.h"
#include "driver/conf.h"
#include "driver/link.h"

struct og_remote;

/* A column or parameter as the application bound it. */
struct og_remote_binding {
    bool is_bound;
    SQLSMALLINT c_type, sql_type, direction;
    SQLLEN max_bytes;
    size_t n_cell; /* bytes from one row to the next without a row-wise layout */
    void *values;  /* may be NULL */
    SQLLEN *lengths, *indicators; /* one and the same unless a descriptor says otherwise */
};

struct og_remote_bindings {
    struct og_remote_binding *items; /* by number; 0 is the bookmark's */
    size_t n_items;
};

/* The application's side of its rowset, or of its parameter sets. */
struct og_remote_rows {
    SQLULEN n_rows, bind_type;
    SQLULEN *offset, *n_done;
    SQLUSMALLINT *status, *operation;
};

/* What the layer above holds as its handle. */
struct og_remote_object {
    struct og_remote *remote;
    uint32_t handle; /* at the worker */
    SQLSMALLINT type;
    struct og_diag diag; /* of this side; the worker's own follow */
    /* statements */
    struct og_remote_object *next; /* of the connection's */
    struct og_remote_bindings columns, parameters;
    struct og_remote_rows rows, sets;
    SQLULEN n_rowset; /* SQL_ROWSET_SIZE, for SQLExtendedFetch */
    struct og_remote_object *descriptors[4];
    size_t needed; /* parameter that SQLParamData asked for; 0: none */
    /* descriptors */
    struct og_remote_object *owner;
    size_t index; /* attribute - SQL_ATTR_APP_ROW_DESC */
};

struct og_remote {
    struct og_calls calls; /* NULL where the real driver has none */
    struct og_remote_object dbc;
    struct og_remote_object *statements;
    pthread_mutex_t lock, cancel_lock;
    int fd, cancel_fd;
    pid_t owner_pid;
    bool is_lost;
    uint32_t sequence, cancel_sequence;
    struct og_buf ask, answer;
    struct og_link_reader reader; /* over answer */
};

/* ---- remote.c ---- */
/* Takes the lock, clears the object's records and begins a message. Returns what to put into. */
struct og_buf *og_remote_begin(struct og_remote_object *object);
/* Sends the message that was begun and takes the reply; remote->reader stands at its payload.
 * Returns the call's code; failures have a record. */
SQLRETURN og_remote_call(struct og_remote_object *object, int call);
/* Gives the lock back; a reply that could not be read loses the link. Returns code. */
SQLRETURN og_remote_end(struct og_remote_object *object, SQLRETURN code);
/* A record and SQL_ERROR, with the lock held. */
SQLRETURN og_remote_refuse(struct og_remote_object *object, const char *state, const char *why);
SQLRETURN og_remote_lose(struct og_remote_object *object);
/* One call that carries numbers alone. */
SQLRETURN og_remote_simple(struct og_remote_object *object, int call, const int64_t *numbers, size_t n);

/* ---- reading replies ---- */
/* Where a number was written at the worker, it is written here. width: 2, 4 or 8. */
void og_remote_take(struct og_remote *remote, void *out, size_t width);
/* A buffer's bytes, max_bytes at most. */
void og_remote_take_bytes(struct og_remote *remote, void *out, size_t max_bytes);

/* ---- remote_calls.c ---- */
void og_remote_install_calls(struct og_calls *calls);
#define CALL(number, function, kind) __typeof__(function) og_far_##function;
#define OWN(number, word, kind)
#include "driver/link.tbl.h"
#undef OWN
#undef CALL

/* ---- remote_attr.c, remote_rows.c, remote_params.c ---- */
void og_remote_install_attr(struct og_calls *calls);
void og_remote_install_rows(struct og_calls *calls);
void og_remote_install_params(struct og_calls *calls);
struct og_remote_binding *og_remote_binding(struct og_remote_bindings *bindings, size_t number);
void og_remote_bindings_release(struct og_remote_bindings *bindings);
/* Writes a block of rows that the reply holds into the bound buffers. */
void og_remote_take_rows(struct og_remote_object *stmt, SQLRETURN code, size_t max_rows, SQLULEN *n_done,
                         SQLUSMALLINT *status);
/* The address of a cell, or of its length. step: bytes from row to row without a row-wise layout. */
void *og_remote_at(const struct og_remote_rows *rows, void *base, size_t row, size_t step);

#endif
