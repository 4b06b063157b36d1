/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "driver/conf.h"

#include <ctype.h>
#include <errno.h>
#include <odbcinst.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/utf.h"
#include "driver/call_log.h"
#include "driver/conf_string.h"
#include "driver/conf_token.h"
#include "driver/conf_target.h"

#define DEFAULT_SOCKET "/run/odbcguard/guard.sock"
#define DEFAULT_APPROVAL_TIMEOUT_S 20u
#define MAX_APPROVAL_TIMEOUT_S 86400u
#define MAX_SECTION_BYTES 65536u

/* What was given, before it is understood. */
struct request {
    bool is_saved; /* the string that comes back goes into a file */
    struct og_pairs pairs; /* the connection string's, then the section's */
    struct og_diag *diag;
    struct og_conf *conf;
};

static SQLRETURN fail(struct og_diag *diag, const char *format, ...) OG_PRINTF(2, 3);

static SQLRETURN fail(struct og_diag *diag, const char *format, ...)
{
    struct og_buf text;
    va_list args;

    va_start(args, format);
    og_buf_init(&text, 4096);
    og_buf_vprintf(&text, format, args);
    va_end(args);
    og_diag_add(diag, OG_ERR_CONFIG, true, "[connect] %s", og_buf_str(&text));
    og_buf_release(&text);
    return SQL_ERROR;
}

static SQLRETURN no_memory(struct og_diag *diag)
{
    og_diag_add_state(diag, "HY001", "[odbcguard] memory allocation error");
    return SQL_ERROR;
}

static const char *value_of(const struct request *request, const char *key)
{
    const char *value = og_pairs_get(&request->pairs, key);

    return value ? value : "";
}

/* ---- the guarded DSN's section ---- */

static SQLRETURN add_section(struct request *request, const char *dsn)
{
    static const size_t max_value = 4096;
    char *keys = calloc(1, MAX_SECTION_BYTES), *value = malloc(max_value);
    SQLRETURN code = SQL_SUCCESS;
    int n;

    if (!keys || !value) {
        free(keys);
        free(value);
        return no_memory(request->diag);
    }
    n = SQLGetPrivateProfileString(dsn, NULL, "", keys, MAX_SECTION_BYTES - 2, "odbc.ini");
    for (const char *key = keys; n > 0 && *key && code == SQL_SUCCESS; key += strlen(key) + 1) {
        (void)SQLGetPrivateProfileString(dsn, key, "", value, (int)max_value, "odbc.ini");
        if (!og_pairs_get(&request->pairs, key) &&
            og_pairs_add(&request->pairs, key, value, true) != 0)
            code = no_memory(request->diag);
    }
    free(keys);
    explicit_bzero(value, max_value);
    free(value);
    if (code == SQL_SUCCESS && n <= 0)
        return fail(request->diag, "there is no data source %s: 'odbcinst -q -s' lists them", dsn);
    return code;
}

/* ---- our own keys ---- */

static bool begins_with_guard(const char *key)
{
    return strncasecmp(key, "Guard", 5) == 0;
}

static SQLRETURN check_own_keys(const struct request *request)
{
    static const char *const known[] = {
#define KEY(name, prompt, first, values, help) #name,
#include "driver/key.tbl.h"
#undef KEY
    };

    for (size_t i = 0; i < request->pairs.n_items; i++) {
        const struct og_pair *pair = &request->pairs.items[i];
        size_t k;

        if (!begins_with_guard(pair->key))
            continue;
        for (k = 0; k < OG_COUNT(known); k++)
            if (strcasecmp(known[k], pair->key) == 0)
                break;
        if (k == OG_COUNT(known))
            return fail(request->diag,
                        "the key %s is unknown: correct its spelling; man odbcguard lists the keys",
                        pair->key);
    }
    return SQL_SUCCESS;
}

/* Returns: whether text is a number of at most max. */
static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && !*end && *out <= max;
}

static SQLRETURN number_key(const struct request *request, const char *key, uint64_t max,
                            uint64_t *out)
{
    const char *text = og_pairs_get(&request->pairs, key);

    if (!text || !*text)
        return SQL_SUCCESS;
    if (read_number(text, max, out))
        return SQL_SUCCESS;
    return fail(request->diag, "the value of %s must be a whole number from 0 to %llu", key,
                (unsigned long long)max);
}

static SQLRETURN read_numbers(const struct request *request)
{
    struct og_conf *conf = request->conf;
    uint64_t timeout = DEFAULT_APPROVAL_TIMEOUT_S, max_rows = 0, read_only = 0, mask_info = 0;

    if (number_key(request, "GuardApprovalTimeout", MAX_APPROVAL_TIMEOUT_S, &timeout) ||
        number_key(request, "GuardMaxRows", UINT64_MAX - 1, &max_rows) ||
        number_key(request, "GuardReadOnly", 1, &read_only) ||
        number_key(request, "GuardMaskInfo", 1, &mask_info))
        return SQL_ERROR;
    conf->approval_timeout_s = (uint32_t)timeout;
    conf->max_rows = max_rows;
    conf->is_read_only = read_only != 0;
    conf->shows_masks = mask_info != 0;
    return SQL_SUCCESS;
}

static SQLRETURN read_words(const struct request *request)
{
    const char *approval = value_of(request, "GuardApproval");
    const char *placement = value_of(request, "GuardPlacement");

    request->conf->approval_waits = strcasecmp(approval, "fail") != 0;
    if (*approval && strcasecmp(approval, "wait") != 0 && strcasecmp(approval, "fail") != 0)
        return fail(request->diag, "the value of GuardApproval must be wait or fail");
    request->conf->is_broker = strcasecmp(placement, "broker") == 0;
    request->conf->may_broker = !*placement;
    if (*placement && !request->conf->is_broker && strcasecmp(placement, "inline") != 0)
        return fail(request->diag, "the value of GuardPlacement must be inline or broker");
    return SQL_SUCCESS;
}

/* W3C Trace Context: version-traceid-parentid-flags, lower case hexadecimal. */
static bool is_traceparent(const char *text)
{
    static const char shape[] = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";

    if (strlen(text) != sizeof(shape) - 1)
        return false;
    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == '-' ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))
            return false;
    return true;
}

static SQLRETURN read_texts(const struct request *request)
{
    struct og_conf *conf = request->conf;
    const char *trace = value_of(request, "GuardTraceParent");
    const char *from_environment = getenv("TRACEPARENT");
    const char *socket = value_of(request, "GuardSocket");

    if (*trace && !is_traceparent(trace))
        return fail(request->diag, "the value of GuardTraceParent is no W3C traceparent");
    if (!*trace && from_environment && is_traceparent(from_environment))
        trace = from_environment;
    if (*socket && socket[0] != '/')
        return fail(request->diag, "GuardSocket must be an absolute path");
    conf->traceparent = strdup(trace);
    conf->socket_path = strdup(*socket ? socket : DEFAULT_SOCKET);
    conf->app = strdup(value_of(request, "GuardApp"));
    conf->purpose = strdup(value_of(request, "GuardPurpose"));
    conf->ticket = strdup(value_of(request, "GuardTicket"));
    conf->log_folder = strdup(value_of(request, "GuardLogPath"));
    if (!conf->traceparent || !conf->socket_path || !conf->app || !conf->purpose ||
        !conf->ticket || !conf->log_folder)
        return no_memory(request->diag);
    return SQL_SUCCESS;
}

static SQLRETURN open_log(const struct request *request)
{
    const char *folder = request->conf->log_folder;
    uint64_t level = OG_CALL_LOG_OFF;
    int r;

    if (number_key(request, "GuardLogLevel", OG_CALL_LOG_MAX, &level))
        return SQL_ERROR;
    if (level == OG_CALL_LOG_OFF)
        return SQL_SUCCESS;
    if (folder[0] != '/')
        return fail(request->diag, "GuardLogLevel needs GuardLogPath: the absolute path of a folder");
    r = og_call_log_open(folder, (uint32_t)level, &request->conf->log);
    return r ? fail(request->diag, "the log in the folder of GuardLogPath cannot be opened: %s",
                    strerror(-r))
             : SQL_SUCCESS;
}

static SQLRETURN read_token(const struct request *request)
{
    char why[512];

    request->conf->token = og_conf_token(value_of(request, "GuardAgentToken"),
                                         value_of(request, "GuardAgentTokenFile"), why, sizeof(why));
    return request->conf->token ? SQL_SUCCESS : fail(request->diag, "%s", why);
}

/* ---- the target ---- */

static bool is_ours(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strncmp(slash ? slash + 1 : path, "libodbcguard", 12) == 0;
}

/* A driver's name or path as the driver manager resolves it. */
static SQLRETURN find_driver(const struct request *request, const char *driver)
{
    struct og_conf *conf = request->conf;
    char path[1024] = "";

    if (driver[0] == '/') {
        (void)snprintf(path, sizeof(path), "%s", driver);
        conf->driver_section = strdup("");
    } else {
        (void)SQLGetPrivateProfileString(driver, "Driver64", "", path, sizeof(path),
                                         "odbcinst.ini");
        if (!path[0])
            (void)SQLGetPrivateProfileString(driver, "Driver", "", path, sizeof(path),
                                             "odbcinst.ini");
        conf->driver_section = strdup(driver);
    }
    if (!path[0])
        return fail(request->diag,
                    "the target's driver %s is not registered: 'odbcinst -q -d' lists the drivers",
                    driver);
    if (is_ours(path))
        return fail(request->diag, "the target is a guarded data source itself: name the real one");
    conf->driver_path = strdup(path);
    return conf->driver_path && conf->driver_section ? SQL_SUCCESS : no_memory(request->diag);
}

/* Whether the name is a target of guardfs' own: there is no such data source here. */
static bool is_held_elsewhere(const struct request *request, const char *dsn)
{
    char name[1024] = "";

    if (request->conf->is_broker || !request->conf->may_broker || !*dsn)
        return request->conf->is_broker;
    (void)SQLGetPrivateProfileString(dsn, "Driver", "", name, sizeof(name), "odbc.ini");
    return !name[0];
}

/* The real driver is the worker's business. */
static SQLRETURN find_brokered(const struct request *request, const char *dsn)
{
    struct og_conf *conf = request->conf;

    if (!*dsn)
        return fail(request->diag, "GuardPlacement=broker wants GuardTargetDSN, the target's name in "
                                   "guardfs' configuration");
    conf->is_broker = true;
    conf->driver_path = strdup("");
    conf->driver_section = strdup("");
    return conf->driver_path && conf->driver_section ? SQL_SUCCESS : no_memory(request->diag);
}

static SQLRETURN find_target(const struct request *request)
{
    struct og_conf *conf = request->conf;
    const char *dsn = value_of(request, "GuardTargetDSN");
    const char *driver = value_of(request, "GuardTargetDriver");
    char name[1024] = "";

    if (!*dsn == !*driver)
        return fail(request->diag, "give exactly one of GuardTargetDSN and GuardTargetDriver");
    conf->target_dsn = strdup(dsn);
    conf->target_driver = strdup(driver);
    conf->target_name = strdup(*dsn ? dsn : driver);
    if (!conf->target_dsn || !conf->target_driver || !conf->target_name)
        return no_memory(request->diag);
    if (is_held_elsewhere(request, dsn))
        return find_brokered(request, dsn);
    if (*driver)
        return find_driver(request, driver);
    (void)SQLGetPrivateProfileString(dsn, "Driver", "", name, sizeof(name), "odbc.ini");
    if (!name[0])
        return fail(request->diag,
                    "the target data source %s does not exist or names no driver: 'odbcinst -q -s' "
                    "lists them", dsn);
    return find_driver(request, name);
}

/* Keys that the driver manager and DSN sections use; never sent down. */
static bool is_managers_key(const struct og_pair *pair)
{
    static const char *const always[] = {"DSN", "Driver", "Description"};
    static const char *const in_sections[] = {"Setup",     "Trace",      "TraceFile", "Threading",
                                              "CPTimeout", "FileUsage",  "UsageCount", "Driver64",
                                              "DontDLClose", "CPReuse"};

    for (size_t i = 0; i < OG_COUNT(always); i++)
        if (strcasecmp(pair->key, always[i]) == 0)
            return true;
    for (size_t i = 0; pair->is_from_section && i < OG_COUNT(in_sections); i++)
        if (strcasecmp(pair->key, in_sections[i]) == 0)
            return true;
    return begins_with_guard(pair->key);
}

SQLRETURN og_conf_refuse_key(const char *key, struct og_diag *diag)
{
    return fail(diag,
                "guardfs holds what opens this target, and takes no %s for it: leave it out of the "
                "connection string and the data source", key);
}

static SQLRETURN make_target_string(const struct request *request)
{
    struct og_conf *conf = request->conf;
    struct og_buf out;

    og_buf_init(&out, 64u * 1024u);
    conf->is_dsn_alone = conf->target_dsn[0] != '\0';
    if (conf->target_dsn[0])
        og_pairs_write(&out, "DSN", conf->target_dsn, false);
    else
        og_pairs_write(&out, "Driver", conf->target_driver, false);
    for (size_t i = 0; i < request->pairs.n_items; i++) {
        const struct og_pair *pair = &request->pairs.items[i];

        if (is_managers_key(pair) || (conf->is_broker && !*pair->value))
            continue;
        conf->sends_keys = true;
        if (conf->is_broker) {
            og_buf_wipe(&out);
            return og_conf_refuse_key(pair->key, request->diag);
        }
        if (!og_conf_may_go_down(conf, pair->key)) {
            og_buf_wipe(&out);
            return fail(request->diag,
                        "the key %s is not handed to the real driver from %s: put it into the "
                        "target's own data source", pair->key,
                        pair->is_from_section ? "a guarded data source" : "a connection string");
        }
        if (!og_conf_is_one_value(conf, pair)) {
            og_buf_wipe(&out);
            return fail(request->diag,
                        "the value of %s holds a semicolon, behind which the real driver may read "
                        "another key: put it into the target's own data source", pair->key);
        }
        if (!og_conf_is_good_value(conf, pair)) {
            og_buf_wipe(&out);
            return fail(request->diag,
                        "this value of %s makes the real driver write traces or run statements of "
                        "its own: put it into the target's own data source", pair->key);
        }
        og_pairs_write(&out, pair->key, pair->value, pair->is_braced);
    }
    conf->target_string = og_buf_is_failed(&out) ? NULL : og_buf_take(&out);
    og_buf_wipe(&out);
    return conf->target_string ? SQL_SUCCESS : no_memory(request->diag);
}

/* Keys that stand in no file which the driver manager writes: secrets, and what it writes itself. */
static bool is_saved(const struct og_pair *pair)
{
    static const char *const left_out[] = {"PWD", "Password", "GuardAgentToken", "DSN", "Driver",
                                           "Description"};

    for (size_t i = 0; i < OG_COUNT(left_out); i++)
        if (strcasecmp(pair->key, left_out[i]) == 0)
            return false;
    return true;
}

/* What SQLDriverConnect gives back: what was given, so that it opens the same connection again. With
 * SAVEFILE the driver manager writes it into a file: then it is complete, but for secrets. */
static SQLRETURN make_shown_string(const struct request *request)
{
    struct og_buf out;

    og_buf_init(&out, 64u * 1024u);
    for (size_t i = 0; i < request->pairs.n_items; i++) {
        const struct og_pair *pair = &request->pairs.items[i];

        if (request->is_saved ? is_saved(pair) : !pair->is_from_section)
            og_pairs_write(&out, pair->key, pair->value, pair->is_braced);
    }
    request->conf->shown_string = og_buf_is_failed(&out) ? NULL : og_buf_take(&out);
    og_buf_wipe(&out);
    return request->conf->shown_string ? SQL_SUCCESS : no_memory(request->diag);
}

static void read_threading(struct og_conf *conf, const struct request *request)
{
    char text[16] = "";
    uint64_t level = 0;
    const char *driver = value_of(request, "Driver");

    if (*driver && driver[0] != '/')
        (void)SQLGetPrivateProfileString(driver, "Threading", "", text, sizeof(text),
                                         "odbcinst.ini");
    if (!text[0])
        (void)SQLGetPrivateProfileString("ODBC", "Threading", "", text, sizeof(text),
                                         "odbcinst.ini");
    if (read_number(text, 3, &level))
        conf->threading_level = (uint32_t)level;
}

/* ---- the whole ---- */

static SQLRETURN understand(struct request *request)
{
    const char *dsn = value_of(request, "DSN");
    struct og_conf *conf;

    /* The driver manager reads and writes these files itself. */
    request->is_saved = og_pairs_drop(&request->pairs, "SAVEFILE");
    (void)og_pairs_drop(&request->pairs, "FILEDSN");
    if (*dsn && add_section(request, dsn) != SQL_SUCCESS)
        return SQL_ERROR;
    conf = calloc(1, sizeof(*conf));
    if (!conf)
        return no_memory(request->diag);
    request->conf = conf;
    conf->dsn = strdup(value_of(request, "DSN"));
    if (!conf->dsn)
        return no_memory(request->diag);
    read_threading(conf, request);
    if (check_own_keys(request) || read_numbers(request) || read_words(request) ||
        read_texts(request) || open_log(request) || read_token(request) ||
        find_target(request) || make_target_string(request) ||
        make_shown_string(request))
        return SQL_ERROR;
    return SQL_SUCCESS;
}

static SQLRETURN finish(struct request *request, SQLRETURN code, struct og_conf **out)
{
    og_pairs_release(&request->pairs);
    if (code != SQL_SUCCESS)
        request->conf = og_conf_free(request->conf);
    *out = request->conf;
    return code;
}

SQLRETURN og_conf_from_string(const char *connection_string, struct og_diag *diag,
                              struct og_conf **out)
{
    struct request request = {.diag = diag};
    const char *what = "";
    SQLRETURN code;
    int r;

    if (og_utf8_valid_prefix(connection_string, strlen(connection_string)) !=
        strlen(connection_string))
        return finish(&request, fail(diag, "the connection string is not valid UTF-8"), out);
    r = og_pairs_parse(connection_string, &request.pairs, &what);
    if (r)
        code = r < 0 ? no_memory(diag) : fail(diag, "%s", what);
    else
        code = understand(&request);
    return finish(&request, code, out);
}

SQLRETURN og_conf_from_dsn(const char *dsn, const char *user, const char *password,
                           struct og_diag *diag, struct og_conf **out)
{
    struct request request = {.diag = diag};
    SQLRETURN code = SQL_SUCCESS;

    if (og_pairs_add(&request.pairs, "DSN", dsn, false) ||
        (user && og_pairs_add(&request.pairs, "UID", user, false)) ||
        (password && og_pairs_add(&request.pairs, "PWD", password, false)))
        code = no_memory(diag);
    /* psqlODBC undoes %XX and + in passwords of connection strings unless they stand in braces. */
    if (code == SQL_SUCCESS && password && strpbrk(password, "%+;{}"))
        request.pairs.items[request.pairs.n_items - 1].is_braced = true;
    if (code == SQL_SUCCESS)
        code = understand(&request);
    return finish(&request, code, out);
}

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

struct og_conf *og_conf_free(struct og_conf *conf)
{
    if (!conf)
        return NULL;
    free(conf->dsn);
    free(conf->target_dsn);
    free(conf->target_driver);
    free(conf->target_name);
    free(conf->driver_path);
    free(conf->driver_section);
    wipe(conf->target_string);
    wipe(conf->shown_string);
    free(conf->socket_path);
    free(conf->app);
    free(conf->purpose);
    free(conf->ticket);
    free(conf->traceparent);
    wipe(conf->token);
    free(conf->log_folder);
    og_call_log_close(conf->log);
    free(conf);
    return NULL;
}
