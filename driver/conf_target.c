/* SPDX-License-Identifier: MIT */
#include "driver/conf_target.h"

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
