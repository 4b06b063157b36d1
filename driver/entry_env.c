/* SPDX-License-Identifier: MIT */
/* The environment's attributes. Which driver is behind it is not known yet, and several may come to be
 * (a driver manager makes one environment per driver file), so that it answers as the real driver of
 * its face does: a version that is taken here and refused there changes what the application sees of
 * its connect. The version is handed to each connection's layer. */
#include "driver/entry.h"
#include "driver/handle.h"

enum manner { TAKE, WARN, REFUSE };

static const struct attribute {
    enum og_face face;
    SQLINTEGER attribute;
    SQLINTEGER first, lowest, highest;
    enum manner manner;
    SQLINTEGER instead;
    const char *state;
} attributes[] = {
#define ENV(face, attribute, first, lowest, highest, manner, instead, state) \
    {OG_FACE_##face, attribute, first, lowest, highest, manner, instead, state},
#include "driver/face_env.tbl.h"
#undef ENV
};

/* What a face says to an attribute that it does not know, and whether it tells lengths. */
static const struct {
    const char *unknown;
    bool tells_length;
} manners[] = {
    [OG_FACE_P] = {"", false},      [OG_FACE_A] = {"", false},     [OG_FACE_S] = {"", true},
    [OG_FACE_M] = {"HYC00", false}, [OG_FACE_T] = {"HY092", true},
};

static const struct attribute *find(const struct og_handle *env, SQLINTEGER attribute)
{
    for (size_t i = 0; i < OG_COUNT(attributes); i++)
        if (attributes[i].face == env->face && attributes[i].attribute == attribute)
            return &attributes[i];
    return NULL;
}

static SQLINTEGER *place(struct og_handle *env, SQLINTEGER attribute)
{
    switch (attribute) {
    case SQL_ATTR_ODBC_VERSION:
        return &env->odbc_version;
    case SQL_ATTR_CONNECTION_POOLING:
        return &env->pooling;
    case SQL_ATTR_CP_MATCH:
        return &env->cp_match;
    default:
        return &env->output_nts;
    }
}

void og_env_init(struct og_handle *env, enum og_face face)
{
    env->face = face;
    for (size_t i = 0; i < OG_COUNT(attributes); i++)
        if (attributes[i].face == face)
            *place(env, attributes[i].attribute) = attributes[i].first;
}

static SQLRETURN unknown(struct og_handle *env)
{
    const char *state = manners[env->face].unknown;

    if (*state)
        og_diag_add_state(&env->diag, state, "[odbcguard] no such environment attribute");
    return og_handle_leave(env, SQL_ERROR);
}

SQLRETURN og_entry_SQLSetEnvAttr(SQLHENV handle, SQLINTEGER attribute, SQLPOINTER value,
                                 SQLINTEGER n_bytes)
{
    struct og_handle *env = og_handle_enter(handle, OG_HANDLE_ENV);
    SQLINTEGER number = (SQLINTEGER)(intptr_t)value;
    const struct attribute *known;

    (void)n_bytes;
    if (!env)
        return SQL_INVALID_HANDLE;
    known = find(env, attribute);
    if (!known)
        return unknown(env);
    if (number >= known->lowest && number <= known->highest) {
        *place(env, attribute) = number;
        return og_handle_leave(env, SQL_SUCCESS);
    }
    if (*known->state)
        og_diag_add_state(&env->diag, known->state,
                          "[odbcguard] the value of environment attribute %d cannot be %d",
                          (int)attribute, (int)number);
    if (known->manner == REFUSE)
        return og_handle_leave(env, SQL_ERROR);
    *place(env, attribute) = known->instead;
    return og_handle_leave(env, known->manner == WARN ? SQL_SUCCESS_WITH_INFO : SQL_SUCCESS);
}

SQLRETURN og_entry_SQLGetEnvAttr(SQLHENV handle, SQLINTEGER attribute, SQLPOINTER value,
                                 SQLINTEGER max_bytes, SQLINTEGER *n_bytes)
{
    struct og_handle *env = og_handle_enter(handle, OG_HANDLE_ENV);

    (void)max_bytes;
    if (!env)
        return SQL_INVALID_HANDLE;
    if (!find(env, attribute))
        return unknown(env);
    if (value)
        *(SQLINTEGER *)value = *place(env, attribute);
    if (n_bytes && manners[env->face].tells_length)
        *n_bytes = sizeof(SQLINTEGER);
    return og_handle_leave(env, SQL_SUCCESS);
}
