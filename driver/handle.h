/* SPDX-License-Identifier: MIT */
/* handle.h - the handles that applications and driver managers hold: always ours, tagged, never the
 * real driver's. Each forwards to the layer below (guard, target or a remote) once it is known: an
 * environment never has one, a connection has it from its first connect on.
 * Threads: og_handle_enter takes the handle's lock, og_handle_leave gives it back.
 * Is not: a judge of anything (guard.h). */
#ifndef OG_DRIVER_HANDLE_H
#define OG_DRIVER_HANDLE_H

#include <pthread.h>

#include "driver/call_log.h"
#include "driver/calls.h"
#include "driver/conf.h"
#include "driver/entry.h"

enum og_handle_type { OG_HANDLE_NONE = 0, OG_HANDLE_ENV, OG_HANDLE_DBC, OG_HANDLE_STMT, OG_HANDLE_DESC };

/* An attribute set before the connection knows its driver; replayed in order when it does. */
struct og_saved_attribute {
    SQLINTEGER attribute;
    bool is_text;
    bool is_wide;
    SQLPOINTER value; /* a number, or the copy of a text with its terminator */
    SQLINTEGER n_bytes;
};

struct og_handle {
    uint32_t tag; /* OG_HANDLE_TAG while it lives */
    enum og_handle_type type;
    pthread_mutex_t lock;
    struct og_handle *parent; /* DBC: its environment; STMT, DESC: its connection */
    struct og_handle *next;   /* among the parent's children, under the parent's child_lock */
    struct og_handle *children;
    pthread_mutex_t child_lock;
    const struct og_calls *calls; /* the layer below; NULL: none yet */
    SQLHANDLE below;
    struct og_diag diag;  /* the entry layer's own records of the last call */
    bool shows_below;     /* the last call reached the layer below */
    const char *called;   /* the call that holds the lock, for the log; static text */
    uint64_t started_ns;  /* where there is a log: when it began (og_call_log_now) */

    enum og_face face; /* ENV: the face that it came by */
    SQLINTEGER odbc_version, pooling, cp_match, output_nts;

    struct og_conf *conf; /* DBC */
    struct og_layer layer;
    bool has_layer;
    bool is_connected;
    struct og_saved_attribute *saved;
    size_t n_saved;
    char *browsed; /* DBC: what SQLBrowseConnect was given so far, or NULL */

    struct og_handle *implicit[4]; /* STMT: descriptors handed out, by attribute - SQL_ATTR_APP_ROW_DESC */
    struct og_handle *explicit_descriptors[2]; /* ARD, APD that the application set; NULL: implicit */
    struct og_handle *owner; /* DESC: its statement; NULL: explicitly allocated */
};

/* Checks the handle, takes its lock and clears its records. function: the ODBC function's name, or an entry
 * point's own, for the log; static text.
 * Returns: the handle, or NULL for anything that is not a live handle of that type. */
struct og_handle *og_handle_enter_as(SQLHANDLE handle, enum og_handle_type type, const char *function);
#define og_handle_enter(handle, type) og_handle_enter_as(handle, type, __func__)
/* The same without lock and clearing: for SQLCancel and for reading records. */
struct og_handle *og_handle_check(SQLHANDLE handle, enum og_handle_type type);
/* Where the calls of the handle's connection are logged; NULL: nowhere. */
struct og_call_log *og_handle_log(const struct og_handle *handle);
/* Gives the lock back; returns code. */
SQLRETURN og_handle_leave(struct og_handle *handle, SQLRETURN code);
/* Notes that the layer below was called, gives the lock back, returns code. */
SQLRETURN og_handle_leave_below(struct og_handle *handle, SQLRETURN code);
/* Adds a record and returns SQL_ERROR: the layer below is missing (08003) or has no such function
 * (IM001). */
SQLRETURN og_handle_missing(struct og_handle *handle, const char *function);

/* parent NULL for an environment. Returns: a new handle, or NULL without memory. */
struct og_handle *og_handle_new(enum og_handle_type type, struct og_handle *parent);
/* Gives a new environment the face's values (entry_env.c). */
void og_env_init(struct og_handle *env, enum og_face face);
/* Frees a handle and what it owns (children first); closes a connection's layer. NULL-safe. */
void og_handle_free(struct og_handle *handle);
/* The kind for ODBC's handle type number; OG_HANDLE_NONE for others. */
enum og_handle_type og_handle_type_of(SQLSMALLINT odbc_type);
SQLSMALLINT og_handle_odbc_type(const struct og_handle *handle);
/* DBC: forgets the layer of an earlier connect, and wipes what was asked of it. */
void og_handle_drop_layer(struct og_handle *dbc);

#endif
