/* SPDX-License-Identifier: MIT */
/* worker_parts.h - the inside of odbcguard-worker, the process of one session of a brokered target: it
 * serves its client's calls (link.tbl.h) with the same guard over the same real driver as inline. Shared
 * by worker*.c and by nothing else.
 *
 * worker.c          start, hello, one call after another, the client's end
 * worker_calls.c    calls that travel as they are
 * worker_attr.c     attributes and descriptors
 * worker_rows.c     bound columns, fetching, SQLGetData
 * worker_params.c   parameters, executing, data at execution
 * worker_task.c     one statement for guardfs itself, without a client
 * worker_sandbox.c  what the process gives up before it hears a client
 *
 * The client is hostile until shown otherwise: every number is checked before it is used, no address ever
 * comes over, and all memory is of this process. What breaks the protocol ends the session. */
#ifndef OG_DRIVER_WORKER_PARTS_H
#define OG_DRIVER_WORKER_PARTS_H

#include <pthread.h>

#include "common/arena.h"
#include "driver/calls.h"
#include "driver/conf.h"
#include "driver/link.h"

#define OG_WORKER_BROKEN 1001 /* beside the codes of a reply: the link ends here */

/* One column or parameter, bound to memory of this process: n_rows cells of n_cell bytes. */
struct og_worker_cells {
    bool is_bound, has_value, has_length;
    SQLSMALLINT c_type, sql_type, direction, digits;
    SQLULEN size;
    int64_t max_bytes;
    size_t n_cell, n_rows;
    uint8_t *cells;
    int64_t *lengths;
};

struct og_worker_list {
    struct og_worker_cells *items; /* by number */
    size_t n_items;
};

struct og_worker_object {
    SQLSMALLINT type;
    SQLHANDLE handle;
    struct og_worker_list columns, parameters;
    SQLULEN n_rows, n_rowset, n_sets;
    SQLULEN n_done, n_sets_done;
    SQLUSMALLINT *status, *set_status, *operation;
    size_t n_status, n_set_status;
    bool has_operation;
    bool is_refresh;  /* SQLSetPos: what it does not write stays as it is */
    bool is_data_off; /* SQL_ATTR_RETRIEVE_DATA: lengths are written, values are not */
    uint32_t descriptors[4]; /* slots; 0: not asked for yet */
    struct og_worker_object *owner; /* of a descriptor */
    size_t index;                   /* which of the four it is */
};

struct og_worker {
    struct og_conf *conf;
    int fd, cancel_fd;
    int watch_fd; /* the socket to guardfs, only to see it end */
    struct og_layer layer;
    bool has_layer, is_over;
    _Atomic bool is_connected;
    pthread_mutex_t lock; /* objects, against the thread that cancels */
    struct og_worker_object *objects[OG_LINK_MAX_HANDLES];
    SQLHSTMT busy; /* under lock: what a call is at now */
    struct og_buf in, out;
    struct og_link_reader ask;
    struct og_arena arena; /* of one call */
    char *statement;       /* run alone, for guardfs (worker_task.c); NULL: a client says what is run */
    bool has_blob;         /* one output's kind is known only by what is written */
    bool hides_address;    /* what comes out is one */
};

/* ---- worker_attr.c ---- */
/* Whether a statement's attribute is an address, or how what is at addresses lies. */
bool og_worker_is_address(int64_t attribute);

/* ---- worker_calls.c ---- */
/* Serves a call of the table. Returns a reply's code, or OG_WORKER_BROKEN. */
int og_worker_call(struct og_worker *worker, int call, struct og_worker_object *object);
/* The kind of handle that a call wants: 'D', 'S', 'F' (a field's descriptor), 'A', 'C'; 0: no such call. */
char og_worker_kind(int call);

/* ---- worker.c ---- */
/* A new slot. Returns: its number; 0: none is free. */
uint32_t og_worker_add(struct og_worker *worker, SQLSMALLINT type, SQLHANDLE handle);
void og_worker_drop(struct og_worker *worker, uint32_t slot);
/* Opens the target with what the pipe gave. Returns: a code of SQLDriverConnect; OG_LINK_REFUSED. */
int og_worker_connect(struct og_worker *worker, bool is_wide);

/* ---- worker_task.c ---- */
/* Runs worker->statement and writes "done\n" or "not done\n" and its messages to the link. */
void og_worker_run_task(struct og_worker *worker);

/* ---- worker_attr.c, worker_rows.c, worker_params.c: each serves its own calls ---- */
typedef int og_worker_serve(struct og_worker *worker, struct og_worker_object *object);
og_worker_serve og_worker_set_connect, og_worker_set_stmt, og_worker_set_desc, og_worker_descriptor;
og_worker_serve og_worker_bind_column, og_worker_fetch, og_worker_get_data, og_worker_set_pos;
og_worker_serve og_worker_bind_parameter, og_worker_execute, og_worker_param_data, og_worker_put_data;
og_worker_serve og_worker_more_results, og_worker_error;
/* The slot of a number, made where it is missing; NULL: out of bounds or memory. */
struct og_worker_cells *og_worker_cell(struct og_worker_list *list, uint64_t number);
/* Room for n_rows cells of n_cell bytes. *is_moved: whether it lies elsewhere now. */
bool og_worker_room(struct og_worker_cells *cells, size_t n_rows, size_t n_cell, bool *is_moved);
void og_worker_list_release(struct og_worker_list *list);
/* Room for n statuses. */
bool og_worker_statuses(SQLUSMALLINT **at, size_t *n_at, size_t n);

/* ---- worker_sandbox.c ---- */
/* Before anything else: no core dumps, no attaching. Returns: 0; -errno. */
OG_MUST int og_worker_close_up(void);
/* Once the configuration is read: no new programs, no way back to rights. Returns: 0; -errno. */
OG_MUST int og_worker_sandbox(void);

#endif
