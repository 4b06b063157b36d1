/* SPDX-License-Identifier: MIT */
/* ctl_engine.h - the analysis of statements for guardctl, without a driver: over a file of DDL, or
 * over a SQLite database opened read-only. The analysis is common/'s, the same that the driver has.
 * Is not: a way to run anything. Threads: one. */
#ifndef OG_FUSEFS_CTL_ENGINE_H
#define OG_FUSEFS_CTL_ENGINE_H

#include "common/facts.h"
#include "fusefs/ctl.h"

struct og_ctl_engine;

/* schema: DDL for an empty database of that dialect (PostgreSQL: pg_dump --schema-only).
 * Tells its own errors. Returns: OG_CTL_OK; OG_CTL_ERROR. */
OG_MUST int og_ctl_engine_from_schema(const struct og_ctl_call *call, const char *path,
                                      enum og_dialect dialect, struct og_ctl_engine **out);
/* path: a SQLite database file. Returns: as above. */
OG_MUST int og_ctl_engine_from_sqlite(const struct og_ctl_call *call, const char *path,
                                      struct og_ctl_engine **out);
/* NULL-safe, returns NULL. */
struct og_ctl_engine *og_ctl_engine_free(struct og_ctl_engine *engine);

enum og_dialect og_ctl_engine_dialect(const struct og_ctl_engine *engine);
/* facts: initialised with the engine's dialect. Returns: 0; < 0. */
OG_MUST int og_ctl_engine_analyse(struct og_ctl_engine *engine, const char *sql,
                                  struct og_facts *facts);
/* Whether the target has the column. schema NULL: any. */
/* Visits every column of tables and views. Returns: 0; -ENOTSUP: not for this dialect; -EIO. */
OG_MUST int og_ctl_engine_each_column(struct og_ctl_engine *engine,
                                      void (*visit)(void *context, const char *schema,
                                                    const char *table, const char *column),
                                      void *context);
bool og_ctl_engine_has_column(struct og_ctl_engine *engine, const char *schema, const char *table,
                              const char *column);

#endif
