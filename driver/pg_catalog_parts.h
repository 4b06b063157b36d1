/* SPDX-License-Identifier: MIT */
/* pg_catalog_parts.h - what the files of the live catalog share: pg_catalog.c keeps the cache and its
 * stamps, pg_catalog_query.c runs queries, pg_catalog_read.c makes relations from their answers.
 * Not for any other file. */
#ifndef OG_DRIVER_PG_CATALOG_PARTS_H
#define OG_DRIVER_PG_CATALOG_PARTS_H

#include "common/arena.h"
#include "common/buf.h"
#include "common/hash.h"
#include "driver/pg_catalog.h"

enum og_pg_query {
#define QUERY(name, n_parameters, n_columns, text) OG_PG_QUERY_##name,
#include "driver/pg_catalog_sql.tbl.h"
#undef QUERY
    OG_PG_QUERY_COUNT
};

#define OG_PG_MAX_FIELDS 14u

/* A connection that asks one query at a time. */
struct og_pg_link {
    struct og_layer layer;
    SQLHSTMT statements[OG_PG_QUERY_COUNT]; /* prepared when first asked */
    struct og_buf fields[OG_PG_MAX_FIELDS]; /* of the row fetched last */
    bool is_null[OG_PG_MAX_FIELDS];
    bool is_borrowed; /* the connection stays open at the end */
    char sqlstate[6]; /* of the last failure */
};

void og_pg_link_init(struct og_pg_link *link, const struct og_layer *layer);
/* Disconnects and closes the layer. */
void og_pg_link_release(struct og_pg_link *link);
/* Runs a text that gives no rows. Returns: 0; -EIO. */
OG_MUST int og_pg_link_command(struct og_pg_link *link, const char *sql);
/* Asks. parameters: as many as the query has; ASCII. Returns: 0; -EIO. */
OG_MUST int og_pg_link_ask(struct og_pg_link *link, enum og_pg_query query,
                           const char *const *parameters);
/* The next row into fields. Returns: 0; OG_PG_LINK_E_END after the last one; -EIO, -ENOMEM. Both
 * ends close the query. */
#define OG_PG_LINK_E_END 1
OG_MUST int og_pg_link_fetch(struct og_pg_link *link, enum og_pg_query query);
/* Closes a query whose rows are not all wanted. */
void og_pg_link_close(struct og_pg_link *link, enum og_pg_query query);
/* A field as a number without sign. Returns: 0; -EIO when it is none. */
OG_MUST int og_pg_link_number(const struct og_pg_link *link, size_t field, uint64_t *out);
/* A field's hexadecimal as text in the arena; NULL for a null. Returns: 0; -EIO; -ENOMEM. */
OG_MUST int og_pg_link_text(const struct og_pg_link *link, size_t field, struct og_arena *arena,
                            const char **out);

/* Appends the hexadecimal of a text. */
void og_pg_hex(struct og_buf *out, const char *text);

/* Relations tied by inheritance or partitioning, read together. */
struct og_pg_family {
    struct og_relation **members; /* ordered by oid */
    size_t n_members;
};

/* Oids of the family of one relation, ordered; in the arena. Returns: 0; -EIO; -ENOMEM. */
OG_MUST int og_pg_read_family(struct og_pg_link *link, struct og_arena *arena, uint64_t oid,
                              uint64_t **oids, size_t *n_oids);
/* Reads them all. Returns: 0; -EIO (also when one is gone by now); -ENOMEM. */
OG_MUST int og_pg_read_relations(struct og_pg_link *link, struct og_arena *arena,
                                 const uint64_t *oids, size_t n_oids, struct og_pg_family *out);

/* A function from OG_ROUTINE's fields, which begin at field first. Returns: 0; -EIO; -ENOMEM. */
OG_MUST int og_pg_read_routine(const struct og_pg_link *link, struct og_arena *arena, size_t first,
                               struct og_routine *out);
/* A type from the fields of TYPE; *relation: oid of a row type's relation, or 0. */
OG_MUST int og_pg_read_type(const struct og_pg_link *link, struct og_arena *arena,
                            struct og_type *out, uint64_t *relation);

#endif
