/* SPDX-License-Identifier: MIT */
/* libodbcguardS.so: the setup library, which odbcinst and GUI tools load to list the keywords of a guarded
 * DSN (ODBCINSTGetProperties) and to write one (ConfigDSN). Everything it knows is key.tbl.h. It draws no
 * dialog. Is not: a part of the driver; nothing here is loaded when an application connects.
 * Source: unixODBC's odbcinstext.h; ODBC 3.8, "ConfigDSN Function". */
#include <odbcinstext.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base.h"

#define MAX_KEYS 128u

static const struct keyword {
    const char *name;
    int prompt;
    const char *first;
    const char *const *values; /* NULL-terminated; for LIST */
    const char *help;
} keywords[] = {
#define OG_BARE(...) __VA_ARGS__
#define KEY(name, prompt, first, values, help) \
    {#name, ODBCINST_PROMPTTYPE_##prompt, first, (const char *const[]){OG_BARE values}, help},
#define ODBCINST_PROMPTTYPE_TEXT ODBCINST_PROMPTTYPE_TEXTEDIT
#define ODBCINST_PROMPTTYPE_SECRET ODBCINST_PROMPTTYPE_TEXTEDIT_PASSWORD
#define ODBCINST_PROMPTTYPE_LIST ODBCINST_PROMPTTYPE_LISTBOX
#include "driver/key.tbl.h"
#undef KEY
};

static const struct keyword *find(const char *name, size_t n_name)
{
    for (size_t i = 0; i < OG_COUNT(keywords); i++)
        if (strlen(keywords[i].name) == n_name && strncasecmp(keywords[i].name, name, n_name) == 0)
            return &keywords[i];
    return NULL;
}

/* ---- listing ---- */

static bool fill(HODBCINSTPROPERTY property, const char *name, int prompt, const char *first,
                 const char *const *values, const char *help)
{
    size_t n = 0;

    (void)snprintf(property->szName, sizeof(property->szName), "%s", name);
    (void)snprintf(property->szValue, sizeof(property->szValue), "%s", first);
    property->nPromptType = prompt;
    property->pszHelp = strdup(help); /* odbcinst frees it, and the array, but not what that points to */
    if (!property->pszHelp)
        return false;
    while (values && values[n])
        n++;
    if (!n)
        return true;
    property->aPromptData = calloc(n + 1, sizeof(*property->aPromptData));
    if (!property->aPromptData)
        return false;
    for (size_t i = 0; i < n; i++)
        property->aPromptData[i] = (char *)(uintptr_t)values[i];
    return true;
}

static HODBCINSTPROPERTY append(HODBCINSTPROPERTY last)
{
    last->pNext = calloc(1, sizeof(*last));
    return last->pNext;
}

/* Hangs our keywords behind the last property. The list stays whole on failure: odbcinst frees it. */
OG_EXPORT int INSTAPI ODBCINSTGetProperties(HODBCINSTPROPERTY last)
{
    if (!last)
        return 0;
    for (size_t i = 0; i < OG_COUNT(keywords); i++) {
        const struct keyword *keyword = &keywords[i];

        last = append(last);
        if (!last || !fill(last, keyword->name, keyword->prompt, keyword->first, keyword->values,
                           keyword->help))
            return 0;
    }
    return 1;
}

/* ---- writing ---- */

static BOOL refuse(DWORD code, const char *text)
{
    (void)SQLPostInstallerError(code, text);
    return 0;
}

/* Attributes: key=value, each with its NUL, then an empty one. Value of a key, or NULL. */
static const char *attribute(const char *attributes, const char *key)
{
    size_t n_key = strlen(key);

    for (const char *at = attributes; at && *at; at += strlen(at) + 1)
        if (strncasecmp(at, key, n_key) == 0 && at[n_key] == '=')
            return at + n_key + 1;
    return NULL;
}

static bool is_among(const char *value, const char *const *values)
{
    if (!values[0])
        return true;
    for (size_t i = 0; values[i]; i++)
        if (strcasecmp(value, values[i]) == 0)
            return true;
    return false;
}

static BOOL check(const char *attributes)
{
    size_t n = 0;

    for (const char *at = attributes; *at; at += strlen(at) + 1) {
        const char *equals = strchr(at, '=');
        const struct keyword *keyword;

        if (!equals || equals == at || ++n > MAX_KEYS || strpbrk(at, "\r\n"))
            return refuse(ODBC_ERROR_INVALID_KEYWORD_VALUE, "attributes are Key=Value, a line each");
        if (strncasecmp(at, "Guard", 5) != 0)
            continue;
        keyword = find(at, (size_t)(equals - at));
        if (!keyword)
            return refuse(ODBC_ERROR_INVALID_KEYWORD_VALUE,
                          "a key that begins with Guard is unknown: man odbcguard lists the keys");
        if (!is_among(equals + 1, keyword->values))
            return refuse(ODBC_ERROR_INVALID_KEYWORD_VALUE,
                          "the value of a Guard key is not one of those that it can have: man "
                          "odbcguard lists them");
    }
    return 1;
}

static BOOL write_keys(const char *dsn, const char *attributes)
{
    for (const char *at = attributes; *at; at += strlen(at) + 1) {
        const char *equals = strchr(at, '=');
        char key[INI_MAX_PROPERTY_NAME + 1];

        (void)snprintf(key, sizeof(key), "%.*s", (int)(equals - at), at);
        if (strcasecmp(key, "DSN") != 0 && strcasecmp(key, "Driver") != 0 &&
            !SQLWritePrivateProfileString(dsn, key, equals[1] ? equals + 1 : NULL, "odbc.ini"))
            return 0;
    }
    return 1;
}

static BOOL add(const char *driver, const char *dsn, const char *attributes)
{
    const char *target = attribute(attributes, "GuardTargetDSN");
    const char *target_driver = attribute(attributes, "GuardTargetDriver");

    if (!(target && *target) == !(target_driver && *target_driver))
        return refuse(ODBC_ERROR_INVALID_KEYWORD_VALUE,
                      "give exactly one of GuardTargetDSN and GuardTargetDriver");
    if (target && strcasecmp(target, dsn) == 0)
        return refuse(ODBC_ERROR_INVALID_KEYWORD_VALUE,
                      "a guarded data source cannot be its own target");
    if (!driver || !*driver)
        return refuse(ODBC_ERROR_INVALID_NAME, "the driver's registered name is missing");
    return SQLWriteDSNToIni(dsn, driver) && write_keys(dsn, attributes);
}

OG_EXPORT BOOL INSTAPI ConfigDSN(HWND window, WORD request, LPCSTR driver, LPCSTR attributes)
{
    const char *dsn = attribute(attributes, "DSN");

    (void)window;
    if (!dsn || !SQLValidDSN(dsn))
        return refuse(ODBC_ERROR_INVALID_DSN, "DSN=NAME is missing, or no valid name");
    switch (request) {
    case ODBC_ADD_DSN:
        return check(attributes) && add(driver, dsn, attributes);
    case ODBC_CONFIG_DSN:
        return check(attributes) && write_keys(dsn, attributes);
    case ODBC_REMOVE_DSN:
        return SQLRemoveDSNFromIni(dsn);
    default:
        return refuse(ODBC_ERROR_INVALID_REQUEST_TYPE, "not a request for a user's data source");
    }
}
