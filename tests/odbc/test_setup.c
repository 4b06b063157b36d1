/* SPDX-License-Identifier: MIT */
/* The setup library as tools meet it: odbcinst finds it through the registration template, loads it and
 * lists its keywords; data sources are written, changed and removed through SQLConfigDataSource. */
#include <odbcinstext.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base.h"
#include "tests/tap.h"

static char folder[] = "/tmp/og-setup-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

/* Registers the build's drivers from the template that make install puts. */
static bool register_drivers(void)
{
    const char *build = getenv("OG_BUILDDIR") ? getenv("OG_BUILDDIR") : ".";
    char command[2048];

    (void)snprintf(command, sizeof(command),
                   "sed 's|= .*/\\(libodbcguard\\)|= %s/driver/\\1|' %s/driver/odbcinst.ini >%s/t.ini && "
                   "odbcinst -i -d -f %s/t.ini >/dev/null",
                   build, build, folder, folder);
    return system(command) == 0; /* fixed words and our own temporary folder */
}

static HODBCINSTPROPERTY find(HODBCINSTPROPERTY first, const char *name)
{
    for (; first; first = first->pNext)
        if (strcmp(first->szName, name) == 0)
            return first;
    return NULL;
}

static void check_values(HODBCINSTPROPERTY property, const char *const *values, const char *name)
{
    size_t n = 0;

    while (values[n])
        n++;
    if (!n) {
        tap_ok(!property->aPromptData, "%s: is not chosen from a list", name);
        return;
    }
    tap_ok(property->nPromptType == ODBCINST_PROMPTTYPE_LISTBOX && property->aPromptData,
           "%s: is chosen from a list", name);
    for (size_t i = 0; property->aPromptData && i < n; i++)
        tap_str(property->aPromptData[i], values[i], "%s: value %zu", name, i + 1);
    tap_ok(property->aPromptData && !property->aPromptData[n], "%s: the list ends", name);
}

static void check_keyword(HODBCINSTPROPERTY first, const char *name,
                          const char *const *values, const char *help)
{
    HODBCINSTPROPERTY property = find(first, name);

    tap_ok(property != NULL, "%s is listed", name);
    if (!property)
        return;
    tap_str(property->pszHelp, help, "%s: its help", name);
    check_values(property, values, name);
}

static void test_properties_of_each_registered_name_list_our_keywords(void)
{
    static const char *const drivers[] = {"ODBCGuard", "ODBCGuard ANSI", "ODBCGuard ODBC2",
                                          "ODBCGuard MariaDB", "ODBCGuard FreeTDS"};

    for (size_t i = 0; i < OG_COUNT(drivers); i++) {
        HODBCINSTPROPERTY first = NULL;
        int code = ODBCINSTConstructProperties((char *)(uintptr_t)drivers[i], &first);

        tap_ok(code == ODBCINST_SUCCESS && first, "%s: odbcinst lists the keywords", drivers[i]);
        if (code != ODBCINST_SUCCESS)
            continue;
        tap_ok(find(first, "Name") && find(first, "Description"), "%s: behind odbcinst's own",
               drivers[i]);
        if (i == 0) {
#define OG_BARE(...) __VA_ARGS__
#define KEY(name, prompt, first_value, values, help) \
    check_keyword(first, #name, (const char *const[]){OG_BARE values}, help);
#include "driver/key.tbl.h"
#undef KEY
        }
        tap_ok(find(first, "GuardAgentToken") && find(first, "GuardAgentToken")->nPromptType ==
                                                     ODBCINST_PROMPTTYPE_TEXTEDIT_PASSWORD,
               "%s: a token is not shown while it is typed", drivers[i]);
        tap_ok(ODBCINSTDestructProperties(&first) == ODBCINST_SUCCESS, "%s: and frees them",
               drivers[i]);
    }
}

static const char *value(const char *section, const char *key)
{
    static char text[512];

    *text = '\0';
    (void)SQLGetPrivateProfileString(section, key, "", text, (int)sizeof(text), "odbc.ini");
    return text;
}

/* What stands in the file itself: odbcinst keeps values that it read once. */
static bool is_in_file(const char *text)
{
    char bytes[4096] = "";
    FILE *file = fopen(in_folder("odbc.ini"), "r");

    if (!file)
        return false;
    bytes[fread(bytes, 1, sizeof(bytes) - 1, file)] = '\0';
    (void)fclose(file);
    return strstr(bytes, text) != NULL;
}

static bool configure(WORD request, const char *attributes)
{
    return SQLConfigDataSource(NULL, request, "ODBCGuard ODBC2", attributes);
}

static void test_config_dsn_adds_changes_and_removes(void)
{
    tap_ok(configure(ODBC_ADD_DSN, "DSN=shop-guarded\0GuardTargetDSN=shop\0"
                                   "GuardApproval=fail\0Description=the shop\0"),
           "a guarded data source is added");
    tap_ok(is_in_file("shop"), "to the file");
    tap_str(value("shop-guarded", "Driver"), "ODBCGuard ODBC2", "with the driver's name");
    tap_str(value("shop-guarded", "GuardTargetDSN"), "shop", "its target");
    tap_str(value("shop-guarded", "GuardApproval"), "fail", "our keys");
    tap_str(value("shop-guarded", "Description"), "the shop", "and others");
    tap_ok(configure(ODBC_CONFIG_DSN, "DSN=shop-guarded\0GuardApproval=wait\0"), "is changed");
    tap_str(value("shop-guarded", "GuardApproval"), "wait", "in the key given");
    tap_str(value("shop-guarded", "GuardTargetDSN"), "shop", "and no other");
    tap_ok(configure(ODBC_REMOVE_DSN, "DSN=shop-guarded\0"), "and is removed");
    tap_ok(!is_in_file("shop"), "wholly");
}

static void test_config_dsn_refuses_and_writes_nothing(void)
{
    static const struct {
        const char *attributes;
        const char *why;
    } cases[] = {
        {"DSN=x\0GuardTargetDSN=shop\0GuardTarget=shop\0", "an unknown key of ours"},
        {"DSN=x\0GuardTargetDSN=shop\0GuardLogLevel=7\0", "a level of logging that there is not"},
        {"DSN=x\0GuardTargetDSN=shop\0GuardPlacement=elsewhere\0", "a value that it cannot honour"},
        {"DSN=x\0GuardTargetDSN=shop\0GuardTargetDriver=SQLite3\0", "two targets"},
        {"DSN=x\0Description=nothing\0", "no target"},
        {"DSN=x\0GuardTargetDSN=x\0", "its own target"},
        {"DSN=x\0GuardTargetDSN=shop\0Evil=a\nDriver=other\0", "a value of two lines"},
        {"GuardTargetDSN=shop\0", "no name"},
    };

    for (size_t i = 0; i < OG_COUNT(cases); i++) {
        tap_ok(!configure(ODBC_ADD_DSN, cases[i].attributes), "refused: %s", cases[i].why);
        tap_str(value("x", "Driver"), "", "and nothing written: %s", cases[i].why);
    }
    tap_ok(configure(ODBC_ADD_DSN, "DSN=x\0GuardTargetDSN=shop\0"),
           "the same without the fault is taken");
}

int main(void)
{
    if (system("command -v odbcinst >/dev/null") != 0) {
        tap_skip("the setup library", "odbcinst is not installed");
        return tap_done();
    }
    if (!mkdtemp(folder))
        return 99;
    (void)setenv("ODBCSYSINI", folder, 1);
    (void)setenv("ODBCINI", in_folder("odbc.ini"), 1);
    tap_ok(register_drivers(), "the template registers the drivers");
    test_properties_of_each_registered_name_list_our_keywords();
    test_config_dsn_adds_changes_and_removes();
    test_config_dsn_refuses_and_writes_nothing();
    (void)unlink(in_folder("odbc.ini"));
    (void)unlink(in_folder("odbcinst.ini"));
    (void)unlink(in_folder("t.ini"));
    (void)rmdir(folder);
    return tap_done();
}
