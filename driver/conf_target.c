/* SPDX-License-Identifier: MIT */
#include "driver/conf_target.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_driver(const struct og_conf *conf, const char *part)
{
    const char *file = strrchr(conf->driver_path, '/');

    return strstr(file ? file : conf->driver_path, part) != NULL;
}

bool og_conf_may_go_down(const struct og_conf *conf, const char *key)
{
    static const struct {
        const char *driver;
        const char *key;
    } allowed[] = {
#define TARGET_KEY(driver, key) {driver, key},
#include "driver/target_key.tbl.h"
#undef TARGET_KEY
    };

    for (size_t i = 0; i < OG_COUNT(allowed); i++)
        if (is_driver(conf, allowed[i].driver) && strcasecmp(allowed[i].key, key) == 0)
            return true;
    return false;
}

bool og_conf_may_set(const struct og_conf *conf, SQLINTEGER attribute)
{
    static const struct {
        const char *driver;
        SQLINTEGER first, last;
        bool is_open;
    } rows[] = {
#define TARGET_ATTR(driver, number, key) {driver, number, number, true},
#define TARGET_RANGE(driver, first, last) {driver, first, last, false},
#include "driver/target_attr.tbl.h"
#undef TARGET_RANGE
#undef TARGET_ATTR
    };
    bool is_known = false, is_own = false;

    for (size_t i = 0; i < OG_COUNT(rows); i++) {
        bool is_in = attribute >= rows[i].first && attribute <= rows[i].last;

        if (!is_driver(conf, rows[i].driver))
            continue;
        if (is_in && rows[i].is_open)
            return true;
        is_known = is_known || !rows[i].is_open;
        is_own = is_own || is_in;
    }
    return is_known && !is_own;
}

bool og_conf_is_one_value(const struct og_conf *conf, const struct og_pair *pair)
{
    return !strchr(pair->value, ';') ||
           (is_driver(conf, "psqlodbc") &&
            (strcasecmp(pair->key, "PWD") == 0 || strcasecmp(pair->key, "Password") == 0));
}

#define CX_TRACES ((1ul << 10) | (1ul << 11)) /* CommLog, Debug: they write files */
#define CX_FETCHES (1ul << 28)                /* FetchRefcursors */
#define MAX_CX_DIGITS 10u                     /* two for the number of bits, eight of the bits */

static bool has_only(const char *text, const char *allowed)
{
    return text[strspn(text, allowed)] == '\0';
}

/* CX packs options into bits, behind two digits that say how many of them count. */
static bool is_good_pack(const char *value)
{
    size_t n = strlen(value);

    return n <= MAX_CX_DIGITS && has_only(value, "0123456789abcdefABCDEF") &&
           (n <= 2 || (strtoul(value + 2, NULL, 16) & (CX_TRACES | CX_FETCHES)) == 0);
}

/* AB packs options that change what the driver says of itself and of dates; it sets and clears them. */
static bool is_good_extra(const char *value)
{
    return has_only(value, "0123456789abcdefABCDEFx+-");
}

bool og_conf_is_good_value(const struct og_conf *conf, const struct og_pair *pair)
{
    static const struct {
        const char *driver, *key;
        bool (*is_good)(const char *value);
    } checks[] = {
        {"psqlodbc", "CX", is_good_pack},
        {"psqlodbc", "AB", is_good_extra},
    };

    for (size_t i = 0; i < OG_COUNT(checks); i++)
        if (is_driver(conf, checks[i].driver) && strcasecmp(checks[i].key, pair->key) == 0)
            return checks[i].is_good(pair->value);
    return true;
}

bool og_conf_fetches_cursors(const struct og_conf *conf)
{
    struct og_pairs pairs = {0};
    const char *what;
    bool fetches = og_pairs_parse(conf->target_string, &pairs, &what) < 0;

    for (size_t i = 0; i < pairs.n_items; i++)
        fetches = fetches || (strcasecmp(pairs.items[i].key, "FetchRefcursors") == 0 &&
                              strcmp(pairs.items[i].value, "0") != 0);
    og_pairs_release(&pairs);
    return fetches;
}
