/* SPDX-License-Identifier: MIT */
/* pg_catalog.h - the live PostgreSQL catalog for analysis: a connection of its own beside the
 * application's (autocommit, never in the application's transaction), with a cache keyed by oid that
 * is checked by stamps (docs/decisions: catalog).
 * Threads: the caller holds the connection's lock. Source: common/catalog.h is the interface. */
#ifndef OG_DRIVER_PG_CATALOG_H
#define OG_DRIVER_PG_CATALOG_H

#include "common/catalog.h"
#include "driver/calls.h"

struct og_pg_catalog;

/* layer: an open, connected layer over the target that the catalog owns from now on.
 * search_path: schemas in the order the application's session resolves them, "$user" replaced,
 *   pg_catalog and the temporary schema as the server places them.
 * Returns: 0; -EIO with why in diag. */
OG_MUST int og_pg_catalog_new(const struct og_layer *layer, struct og_diag *diag,
                              struct og_pg_catalog **out);
/* The same over the application's own connection, for what only its open transaction sees: sets
 * nothing on it and leaves it open. Returns: 0; -EIO. */
OG_MUST int og_pg_catalog_new_inside(const struct og_layer *layer, struct og_pg_catalog **out);
struct og_pg_catalog *og_pg_catalog_free(struct og_pg_catalog *catalog);

/* The connection that it reads over: between its own questions others may be asked there. Borrowed. */
const struct og_layer *og_pg_catalog_layer(const struct og_pg_catalog *catalog);

/* The interface for og_pg_analyse; borrowed, lives as long as the catalog. */
struct og_catalog *og_pg_catalog_interface(struct og_pg_catalog *catalog);

/* Path and role as the session has them (current_schemas(true) output order). Copied. */
OG_MUST int og_pg_catalog_set_path(struct og_pg_catalog *catalog, const char *const *schemas,
                                   size_t n_schemas);

/* Forgets what may have changed: call at the start of a statement's analysis. Cheap when nothing
 * was committed since (pg_current_snapshot equal). Returns: 0; -EIO. */
OG_MUST int og_pg_catalog_refresh(struct og_pg_catalog *catalog);
/* Whether that refresh found anything changed that was ever looked up, so that facts made before it
 * are stale. */
bool og_pg_catalog_has_changed(const struct og_pg_catalog *catalog);

/* Whether something that was looked up changed under it, so that facts made from it may not hold: it
 * serves nothing until the next refresh. */
bool og_pg_catalog_is_stale(const struct og_pg_catalog *catalog);

/* Moves whenever anything that was looked up may mean something else. */
uint64_t og_pg_catalog_generation(const struct og_pg_catalog *catalog);

/* Stamp of the relations that the last analysis looked up, to be compared after execution and
 * before the first row is handed out. Returns: 0 and 32 bytes; -EIO. */
OG_MUST int og_pg_catalog_stamp(struct og_pg_catalog *catalog, uint8_t out[32]);

#endif
