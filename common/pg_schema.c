/* SPDX-License-Identifier: MIT */
/* A catalog from a file of DDL: closed in this version, and says so. */
#include "common/buf.h"
#include "common/pg_analyse.h"

int og_pg_schema_parse(const char *sql, size_t n_bytes, struct og_buf *messages,
                       struct og_catalog **out)
{
    (void)sql;
    (void)n_bytes;
    *out = NULL;
    og_buf_append_str(messages, "a PostgreSQL schema cannot be read from a file in this version: "
                                "use dialect: sqlite for policy tests\n");
    return 1;
}

struct og_catalog *og_pg_schema_free(struct og_catalog *catalog)
{
    (void)catalog;
    return NULL;
}
