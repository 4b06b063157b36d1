/* SPDX-License-Identifier: MIT */
/* mask.tbl.h - the mask kinds of policies.
 * MASK(name, word, does this build enforce it, types it fits as words for errors, one line)
 * A kind that is not enforced is an error where a policy names it. */
MASK(SQL_NULL,          "sql-null",          true,  "any type",      "NULL")
MASK(FIXED,             "fixed",             true,  "text",          "the same word for every value")
MASK(PARTIAL,           "partial",           true,  "text",          "keeps the part that the class allows")
MASK(ROUND,             "round",             true,  "numbers",       "rounded to a magnitude")
MASK(TRUNCATE_DATE,     "truncate-date",     true,  "dates and timestamps", "cut to the year or month")
MASK(TOKEN,             "token",             true,  "text",          "a keyed token")
MASK(FORMAT_PRESERVING, "format-preserving", true,  "text, numbers", "FF1, NIST SP 800-38G")
MASK(DETECT,            "detect",            false, "text",          "what detectors find is masked")
MASK(HANDLE,            "handle",            true,  "text",          "an opaque handle of this session, bound back as a parameter")
