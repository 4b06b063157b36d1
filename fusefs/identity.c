/* SPDX-License-Identifier: MIT */
#include "fusefs/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_GROUPS 256u
#define MAX_NAMES (2u * MAX_GROUPS + 16u)

struct names {
    struct og_arena *arena;
    const char **items;
    size_t n;
    bool is_full;
};

static void add(struct names *names, const char *name)
{
    for (size_t i = 0; name && i < names->n; i++)
        if (strcmp(names->items[i], name) == 0)
            return;
    if (names->n == MAX_NAMES)
        names->is_full = true;
    else
        names->items[names->n++] = name;
}

static void add_groups(struct names *names, const char *const *groups, size_t n)
{
    /* More groups than we can name could leave out the one that a deny rule names. */
    if (n == MAX_GROUPS)
        names->is_full = true;
    for (size_t i = 0; i < n; i++)
        add(names, og_arena_printf(names->arena, "group:%s", groups[i]));
}

/* The names of one identity of a token; groups of the token only where they are its own. */
static void add_token(struct names *names, const struct og_config *config,
                      const struct og_token *token, const char *subject, bool has_groups,
                      const char *person, const char *agent)
{
    const char *id = og_arena_printf(names->arena, "token:%s/%s", token->issuer, subject);
    const char *groups[MAX_GROUPS];

    if (!id)
        return;
    if (person)
        add(names, og_arena_printf(names->arena, "user:%s", person));
    else
        add(names, og_arena_printf(names->arena, "agent:%s", agent ? agent : subject));
    add(names, id);
    add_groups(names, groups, og_config_token_groups(config, id, groups, MAX_GROUPS));
    for (size_t i = 0; has_groups && i < token->n_groups; i++) {
        const char *group = og_arena_printf(names->arena, "token-group:%s/%s", token->issuer,
                                            token->groups[i]);

        if (!group)
            return;
        add(names, group);
        add_groups(names, groups, og_config_token_groups(config, group, groups, MAX_GROUPS));
    }
}

/* What the kernel says of the process counts for whoever acts, token or not. */
static void add_peer(struct names *names, const struct og_config *config, const struct og_peer *peer)
{
    const char *agent = og_config_agent(config, peer->uid);
    const char *groups[MAX_GROUPS];

    if (agent)
        add(names, og_arena_printf(names->arena, "agent:%s", agent));
    if (!og_config_person(config, peer->uid))
        add_groups(names, groups, og_config_groups(config, peer->uid, groups, MAX_GROUPS));
    add(names, og_arena_printf(names->arena, "uid:%u", peer->uid));
    if (*peer->exe)
        add(names, og_arena_printf(names->arena, "exe:%s", peer->exe));
    if (*peer->cgroup)
        add(names, og_arena_printf(names->arena, "cgroup:%s", peer->cgroup));
}

struct identity {
    const char *subject, *person, *agent;
};

static int fill_member(const struct og_token *token, const struct og_config *config,
                       const struct identity *identity, const struct og_peer *peer,
                       const char *acts_for, struct og_arena *arena, struct og_principal *out)
{
    bool is_subject = strcmp(identity->subject, token->subject) == 0;
    struct names names = {.arena = arena};

    names.items = og_arena_array(arena, MAX_NAMES, sizeof(*names.items));
    if (!names.items)
        return -ENOMEM;
    add_token(&names, config, token, identity->subject, is_subject, identity->person,
              identity->agent);
    if (acts_for)
        add(&names, og_arena_printf(arena, "act-for:%s", acts_for));
    if (peer)
        add_peer(&names, config, peer);
    *out = (struct og_principal){
        .names = names.items,
        .n_names = names.n,
        .display = identity->person ? identity->person
                   : identity->agent ? identity->agent
                                     : og_arena_printf(arena, "%s", identity->subject),
        .is_person = identity->person != NULL,
    };
    return names.is_full ? -E2BIG : og_arena_is_failed(arena) ? -ENOMEM : 0;
}

static struct identity identify(const struct og_config *config, const struct og_token *token,
                                const char *subject, struct og_arena *arena)
{
    const char *id = og_arena_printf(arena, "token:%s/%s", token->issuer, subject);

    return (struct identity){
        .subject = subject,
        .person = id ? og_config_token_person(config, id) : NULL,
        .agent = id ? og_config_token_agent(config, id) : NULL,
    };
}

static bool has_person(const struct og_principal *members, size_t n, const char *person)
{
    for (size_t i = 0; i < n; i++)
        if (members[i].is_person && strcmp(members[i].display, person) == 0)
            return true;
    return false;
}

int og_identity_chain(const struct og_peer *peer, const struct og_token *token,
                      const struct og_config *config, struct og_arena *arena,
                      struct og_principal_chain *out)
{
    size_t n = token ? token->n_actors + 1 : 0;
    struct og_principal *members = og_arena_array(arena, n + 1, sizeof(*members));
    const char *person = og_config_person(config, peer->uid);
    struct identity last;
    int r = 0;

    if (!token)
        return og_peer_chain(peer, config, arena, out);
    if (!members)
        return -ENOMEM;
    last = identify(config, token, token->subject, arena);
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct identity identity =
            i + 1 < n ? identify(config, token, token->actors[i], arena) : last;

        r = fill_member(token, config, &identity, i == 0 ? peer : NULL,
                        i + 1 < n ? (last.person ? last.person : token->subject) : NULL, arena,
                        &members[i]);
    }
    if (r == 0 && person && !has_person(members, n, person)) {
        struct og_principal_chain of_peer;

        r = og_peer_chain(peer, config, arena, &of_peer);
        if (r == 0)
            members[n++] = of_peer.members[0];
    }
    if (r < 0)
        return r;
    *out = (struct og_principal_chain){
        .members = members, .n_members = n, .evidence = OG_EVIDENCE_TOKEN};
    return 0;
}

const char *og_identity_persons(const struct og_principal_chain *chain, const struct og_peer *peer,
                                const struct og_config *config, struct og_arena *arena)
{
    char of_uid[OG_CONFIG_NAME_BYTES];
    const char *text;

    og_config_name(config, peer->uid, of_uid);
    text = og_arena_strdup(arena, of_uid);
    for (size_t i = 0; text && i < chain->n_members; i++) {
        const struct og_principal *member = &chain->members[i];

        for (size_t k = 0; text && k < member->n_names; k++)
            if ((strncmp(member->names[k], "user:", 5) == 0 ||
                 strncmp(member->names[k], "token:", 6) == 0) &&
                !og_identity_has_person(text, member->names[k]))
                text = og_arena_printf(arena, "%s %s", text, member->names[k]);
    }
    return text;
}

bool og_identity_has_person(const char *persons, const char *person)
{
    size_t n = strlen(person);

    for (const char *at = persons; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strcspn(at, " ") == n && strncmp(at, person, n) == 0)
            return true;
    return false;
}

const char *og_identity_display(const struct og_principal_chain *chain, struct og_arena *arena)
{
    const char *text = chain->members[0].display;

    for (size_t i = 1; text && i < chain->n_members; i++)
        text = og_arena_printf(arena, "%s for %s", text, chain->members[i].display);
    return text;
}
