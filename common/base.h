/* SPDX-License-Identifier: MIT */
/* base.h - attributes and small macros that every file may use.
 * Is not: a place for types of any one module. Threads: nothing here has state.
 *
 * The error convention of the whole tree (docs/decisions/0002-errors.md):
 *   0    success;
 *   > 0  an outcome that the function's own comment lists (OG_<MODULE>_E_*); the caller handles
 *        it and never passes it on, because the same number means something else elsewhere;
 *   < 0  fatal, -errno; passed upward unchanged. */
#ifndef OG_COMMON_BASE_H
#define OG_COMMON_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The result must be looked at: every function that can fail carries it. */
#define OG_MUST __attribute__((__warn_unused_result__))
#define OG_PRINTF(format_index, first_index) \
    __attribute__((__format__(__printf__, format_index, first_index)))
#define OG_UNUSED __attribute__((__unused__))
#define OG_NORETURN __attribute__((__noreturn__))

/* OG_AUTO(type_release) variable: runs type_release(&variable) when the scope ends. The function
 * must accept a pointer to a zero or never-used value. */
#define OG_AUTO(release) __attribute__((__cleanup__(release)))

#define OG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A symbol of the core library that the separately linked faces call. */
#define OG_EXPORT __attribute__((__visibility__("default")))

#endif
