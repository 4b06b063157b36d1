/* SPDX-License-Identifier: MIT */
/* sqlite_corpus.tbl.h - statements with known lineage that the engine in use must give before it is
 * trusted. CORPUS(text, "results | uses"): for each result column its sources, ~ before a computed
 * one; then uses as column:word. The schema is in sqlite_check.c. */
CORPUS("SELECT a FROM t", "t.a |")
