/* SPDX-License-Identifier: MIT */
/* guardctl dsn add, list, remove: guarded DSNs in an odbc.ini. */
#include "fusefs/ctl_dsn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct og_ctl_option og_ctl_dsn_add_options[] = {
    {"target", "DSN", "the DSN that is guarded (must exist)"},
    {"socket", "PATH", "guardfs' socket, written as GuardSocket"},
    {"placement", "WORD", "inline or broker (default: as guardfs says at each connect)"},
    {"file", "ODBCINI", "the odbc.ini to change (default $ODBCINI or ~/.odbc.ini)"},
    {"driver-dir", "DIR", "folder with odbcguard's driver files"},
    {.name = NULL},
};

const struct og_ctl_option og_ctl_dsn_file_options[] = {
    {"file", "ODBCINI", "the odbc.ini to look at (default $ODBCINI or ~/.odbc.ini)"},
    {.name = NULL},
};

void og_dsn_file(const struct og_ctl_call *call, char out[static PATH_MAX])
{
    const char *file = og_ctl_option(call, "file");

    if (file)
        (void)snprintf(out, PATH_MAX, "%s", file);
    else
        og_ini_user_path(out);
}

bool og_dsn_is_guarded(const struct og_ini *ini, const char *section)
{
    char value[1024];

    return og_ini_value(ini, section, "GuardTargetDSN", value, sizeof(value)) ||
           og_ini_value(ini, section, "GuardTargetDriver", value, sizeof(value));
}

int og_dsn_load(const char *file, const char *section, struct og_ini *out)
{
    char paths[3][PATH_MAX];
    int r = -ENOENT;

    (void)snprintf(paths[0], PATH_MAX, "%s", file ? file : "");
    og_ini_user_path(paths[1]);
    og_ini_system_path(paths[2]);
    for (size_t i = 0; i < OG_COUNT(paths); i++) {
        if (!*paths[i])
            continue;
        r = og_ini_load(paths[i], out);
        if (r == 0 && og_ini_has_section(out, section))
            return 0;
        if (r == 0)
            og_ini_release(out);
    }
    return r < 0 ? r : -ENOENT;
}

bool og_dsn_driver_file(const char *driver, char ini_path[static PATH_MAX],
                        char file[static PATH_MAX])
{
    struct og_ini drivers;
    bool is_found;

    *ini_path = '\0';
    (void)snprintf(file, PATH_MAX, "%s", driver);
    if (strchr(driver, '/'))
        return true;
    og_ini_driver_path(ini_path);
    if (og_ini_load(ini_path, &drivers) != 0)
        return false;
    is_found = og_ini_value(&drivers, driver, "Driver64", file, PATH_MAX) ||
               og_ini_value(&drivers, driver, "Driver", file, PATH_MAX);
    og_ini_release(&drivers);
    return is_found;
}

static int find_driver(const struct og_ctl_call *call, const char *driver,
                       struct og_dsn_target *out)
{
    char path[PATH_MAX], file[PATH_MAX];

    if (!og_dsn_driver_file(driver, path, file))
        return og_ctl_fail(call, "'odbcinst -q -d' lists the drivers that are registered",
                           "DSN %s names the driver \"%s\", which %s does not have", out->name,
                           driver, path);
    if (!og_face_driver_file(file, out->driver_path))
        return og_ctl_fail(call, "install the driver, or give its full path in odbcinst.ini",
                           "the driver file %s of DSN %s is not there", file, out->name);
    return OG_CTL_OK;
}

int og_dsn_find_target(const struct og_ctl_call *call, const char *file, const char *name,
                       struct og_dsn_target *out)
{
    char driver[PATH_MAX];
    struct og_ini ini;
    int r;

    memset(out, 0, sizeof(*out));
    (void)snprintf(out->name, sizeof(out->name), "%s", name);
    if (og_dsn_load(file, name, &ini))
        return og_ctl_fail(call, "'odbcinst -q -s' lists the DSNs that there are",
                           "there is no DSN %s to guard", name);
    memcpy(out->ini_path, ini.path, sizeof(out->ini_path));
    if (og_dsn_is_guarded(&ini, name))
        r = og_ctl_fail(call, "name the DSN of the database itself",
                        "DSN %s is a guarded one already", name);
    else if (!og_ini_value(&ini, name, "Driver", driver, sizeof(driver)))
        r = og_ctl_fail(call, "a section of odbc.ini names its driver", "DSN %s in %s has no Driver",
                        name, ini.path);
    else
        r = find_driver(call, driver, out);
    if (!og_ini_value(&ini, name, "Database", out->database, sizeof(out->database)))
        *out->database = '\0';
    og_ini_release(&ini);
    if (r != OG_CTL_OK)
        return r;
    r = og_face_shape(out->driver_path, &out->shape);
    if (r)
        return og_ctl_fail(call, NULL, "%s cannot be read as a shared object%s%s",
                           out->driver_path, r < 0 ? ": " : "", r < 0 ? strerror(-r) : "");
    if (!out->shape.is_driver)
        return og_ctl_fail(call, NULL, "%s is no ODBC driver: it exports no SQLAllocHandle",
                           out->driver_path);
    return OG_CTL_OK;
}

/* Names that ODBC allows, and that cannot end the line or the section they stand in. */
static bool is_dsn_name(const char *name)
{
    size_t n_bytes = strlen(name);

    return n_bytes > 0 && n_bytes <= 64 && !strpbrk(name, "[]{}(),;?*=!@\\\"'\n\r\t/") &&
           name[0] != ' ' && name[n_bytes - 1] != ' ';
}

/* What is written, checked before anything is touched. */
static int check_request(const struct og_ctl_call *call, const char *target, const char *socket)
{
    const char *placement = og_ctl_option(call, "placement");

    if (!is_dsn_name(call->args[0]))
        return og_ctl_fail(call, NULL,
                           "\"%s\" cannot be a DSN's name: no []{}(),;?*=!@\\/ and quotes, 64 bytes "
                           "at most", call->args[0]);
    if (!target || !is_dsn_name(target))
        return og_ctl_fail(call, "for example: guardctl dsn add shop-guarded --target shop",
                           "dsn add needs --target with the name of the DSN to guard");
    if (strcmp(target, call->args[0]) == 0)
        return og_ctl_fail(call, "the usual name is NAME-guarded",
                           "the guarded DSN and its target cannot both be %s", target);
    if (placement && strcmp(placement, "inline") != 0 && strcmp(placement, "broker") != 0)
        return og_ctl_fail(call, NULL, "--placement is inline or broker, not \"%s\"", placement);
    if (socket && (*socket != '/' || strpbrk(socket, "\n\r;")))
        return og_ctl_fail(call, "a DSN is used from any folder",
                           "--socket must be an absolute path, not \"%s\"", socket);
    return OG_CTL_OK;
}

static int store(const struct og_ctl_call *call, const struct og_ini *ini, const char *body)
{
    const char *name = call->args[0];
    int r = og_ini_store(ini, name, body);

    if (r)
        return og_ctl_fail(call, "nothing was changed", "%s cannot be written: %s", ini->path,
                           strerror(-r));
    return OG_CTL_OK;
}

static int add(const struct og_ctl_call *call, const struct og_ini *ini,
               const struct og_dsn_target *target, const char *face, const char *socket)
{
    const char *name = call->args[0];
    struct og_buf body;
    int r;

    if (og_ini_has_section(ini, name) && !og_dsn_is_guarded(ini, name))
        return og_ctl_fail(call, "choose another name, or remove that section by hand",
                           "%s has a section [%s] that is not a guarded DSN", ini->path, name);
    og_buf_init(&body, OG_INI_MAX_BYTES);
    og_buf_printf(&body, "Description = %s, guarded by odbcguard\nDriver = %s\n"
                         "GuardTargetDSN = %s\n", target->name, face, target->name);
    if (socket)
        og_buf_printf(&body, "GuardSocket = %s\n", socket);
    if (og_ctl_option(call, "placement"))
        og_buf_printf(&body, "GuardPlacement = %s\n", og_ctl_option(call, "placement"));
    r = og_buf_is_failed(&body) ? OG_CTL_ERROR : store(call, ini, og_buf_str(&body));
    og_buf_release(&body);
    if (r != OG_CTL_OK)
        return r;
    if (call->is_json) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_text("dsn", name);
        og_ctl_json_text("file", ini->path);
        og_ctl_json_text("target", target->name);
        og_ctl_json_text("driver", face);
        og_ctl_json_text("target_driver", target->driver_path);
        og_ctl_json_close('}');
    } else {
        printf("%s now guards %s (%s)\n  driver %s\n  over   %s (%s)\n", name, target->name,
               ini->path, face, target->driver_path, og_face_words(&target->shape));
    }
    return OG_CTL_OK;
}

int og_ctl_dsn_add(const struct og_ctl_call *call)
{
    const char *target_name = og_ctl_option(call, "target");
    const char *socket = og_ctl_option(call, "socket");
    char path[PATH_MAX], face[PATH_MAX];
    struct og_dsn_target target;
    struct og_ini ini;
    int r = check_request(call, target_name, socket);

    if (r != OG_CTL_OK)
        return r;
    r = og_dsn_find_target(call, og_ctl_option(call, "file"), target_name, &target);
    if (r != OG_CTL_OK)
        return r;
    if (og_face_choose(og_ctl_option(call, "driver-dir"), &target.shape, face) != 0)
        return og_ctl_fail(call, "install odbcguard, or give the folder with --driver-dir",
                           "%s exports %s, and no driver file of odbcguard with that shape is found",
                           target.driver_path, og_face_words(&target.shape));
    og_dsn_file(call, path);
    r = og_ini_load(path, &ini);
    if (r)
        return og_ctl_fail(call, NULL, "%s cannot be read: %s", path, strerror(-r));
    r = add(call, &ini, &target, face, socket);
    og_ini_release(&ini);
    return r;
}

int og_ctl_dsn_remove(const struct og_ctl_call *call)
{
    const char *name = call->args[0];
    char path[PATH_MAX];
    struct og_ini ini;
    int r;

    og_dsn_file(call, path);
    r = og_ini_load(path, &ini);
    if (r)
        return og_ctl_fail(call, NULL, "%s cannot be read: %s", path, strerror(-r));
    if (!og_ini_has_section(&ini, name)) {
        (void)og_ctl_fail(call, "'guardctl dsn list' lists the guarded DSNs", "%s has no DSN %s",
                          path, name);
        r = OG_CTL_NO;
    } else if (!og_dsn_is_guarded(&ini, name)) {
        r = og_ctl_fail(call, "remove it by hand if it must go",
                        "%s in %s is not a guarded DSN", name, path);
    } else {
        r = store(call, &ini, NULL);
        if (r == OG_CTL_OK && !call->is_json)
            printf("%s is removed from %s\n", name, path);
    }
    og_ini_release(&ini);
    return r;
}

struct listing {
    const struct og_ctl_call *call;
    const struct og_ini *ini;
    size_t n_found;
};

static bool list_one(void *context, const char *name)
{
    struct listing *listing = context;
    char target[256] = "", socket[PATH_MAX] = "";

    if (!og_dsn_is_guarded(listing->ini, name))
        return true;
    if (!og_ini_value(listing->ini, name, "GuardTargetDSN", target, sizeof(target)))
        (void)og_ini_value(listing->ini, name, "GuardTargetDriver", target, sizeof(target));
    (void)og_ini_value(listing->ini, name, "GuardSocket", socket, sizeof(socket));
    listing->n_found++;
    if (listing->call->is_json) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_text("dsn", name);
        og_ctl_json_text("target", target);
        og_ctl_json_text("socket", *socket ? socket : NULL);
        og_ctl_json_text("file", listing->ini->path);
        og_ctl_json_close('}');
    } else {
        printf("%-20s %-20s %s\n", name, target, listing->ini->path);
    }
    return true;
}

int og_ctl_dsn_list(const struct og_ctl_call *call)
{
    char paths[2][PATH_MAX] = {"", ""};
    struct listing listing = {.call = call};
    int result = OG_CTL_OK;

    og_dsn_file(call, paths[0]);
    if (!og_ctl_option(call, "file"))
        og_ini_system_path(paths[1]);
    if (call->is_json)
        og_ctl_json_open(NULL, '[');
    for (size_t i = 0; i < OG_COUNT(paths) && *paths[i]; i++) {
        struct og_ini ini;
        int r = og_ini_load(paths[i], &ini);

        if (r) {
            result = og_ctl_fail(call, NULL, "%s cannot be read: %s", paths[i], strerror(-r));
            continue;
        }
        listing.ini = &ini;
        og_ini_each_section(&ini, list_one, &listing);
        og_ini_release(&ini);
    }
    if (call->is_json)
        og_ctl_json_close(']');
    else if (!listing.n_found && result == OG_CTL_OK)
        fputs("there is no guarded DSN; 'guardctl dsn add' makes one\n", stderr);
    return result;
}
