/* SPDX-License-Identifier: MIT */
/* guardfs' configuration file and the principal that a peer counts as. */
#define _GNU_SOURCE 1
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/arena.h"
#include "fusefs/config.h"
#include "fusefs/peer.h"
#include "tests/tap.h"

static struct og_buf messages;

static struct og_config *parse(const char *text, int *r)
{
    struct og_config *config = NULL;

    og_buf_clear(&messages);
    *r = og_config_parse("guard.yaml", text, strlen(text), &messages, &config);
    return config;
}

static const char good[] =
    "user: odbcguard\n"
    "people: {alice: [uid:1001, uid:2001], bob: [uid:1002]}\n"
    "agents: {report-bot: [uid:1005]}\n"
    "groups:\n"
    "  dba: [user:alice]\n"
    "  ai-agents: [agent:report-bot, uid:1007]\n"
    "  all: [group:dba, group:ai-agents, group:dba]\n"
    "roles: {admin: [group:dba], approver: [user:bob], auditor: [uid:0]}\n"
    "targets: {shop: {labels: [env:production, tier:1]}, bare: {}}\n";

static void test_good(void)
{
    int r;
    const char *groups[8];
    size_t n;
    struct og_config *config = parse(good, &r);

    if (!tap_ok(r == 0 && config, "a_good_file_parses")) {
        tap_note("%s", og_buf_str(&messages));
        return;
    }
    tap_str(og_config_user(config), "odbcguard", "user");
    tap_str(og_config_person(config, 2001), "alice", "a_second_uid_of_a_person");
    tap_ok(!og_config_person(config, 1005), "an_agent_is_no_person");
    tap_str(og_config_agent(config, 1005), "report-bot", "agent");
    tap_ok(!og_config_person(config, 0) && !og_config_agent(config, 0), "root_is_nobody");
    tap_ok(og_config_uid_in_group(config, 1001, "all") &&
               og_config_uid_in_group(config, 1007, "all") &&
               !og_config_uid_in_group(config, 1002, "all"), "groups_in_groups");
    tap_ok(!og_config_uid_in_group(config, 1001, "nobody") && og_config_has_group(config, "dba") &&
               !og_config_has_group(config, "nobody"), "an_unknown_group_has_nobody");
    tap_ok(og_config_uid_has_role(config, 2001, "admin") &&
               !og_config_uid_has_role(config, 1002, "admin") &&
               og_config_uid_has_role(config, 1002, "approver") &&
               og_config_uid_has_role(config, 0, "auditor") &&
               !og_config_uid_has_role(config, 0, "admin"), "roles");
    n = og_config_groups(config, 1001, groups, OG_COUNT(groups));
    tap_ok(n == 2 && strcmp(groups[0], "dba") == 0 && strcmp(groups[1], "all") == 0,
           "groups_of_a_uid");
    tap_ok(og_config_labels(config, "shop", &n) && n == 2 &&
               strcmp(og_config_labels(config, "shop", &n)[1], "tier:1") == 0, "labels");
    tap_ok(!og_config_labels(config, "other", &n) && n == 0, "an_unknown_target_has_none");
    og_config_free(config);
}

static void test_bad(void)
{
    static const struct { const char *text, *says; } rows[] = {
        {"usr: x\n", "guard.yaml:1:1: there is no such key"},
        {"people: {a: [uid:1]}\npeople: {}\n", "guard.yaml:2:1: this key is there twice"},
        {"people: {a: [uid:1], a: [uid:2]}\n", "guard.yaml:1:22: this name is there twice"},
        {"people:\n  a: [uid:1]\n  b: [uid:1]\n", "guard.yaml:3:7: uid:1 is \"a\" already"},
        {"people: {a: [uid:1]}\nagents: {b: [uid:1]}\n", "guard.yaml:2:14: uid:1 is"},
        {"people: {a: [uid:01]}\n", "guard.yaml:1:14: \"uid:01\" is no evidence"},
        {"people: {a: [uid:-1]}\n", "guard.yaml:1:14:"},
        {"people: {a: [uid:4294967295]}\n", "guard.yaml:1:14:"},
        {"people: {a: [uid:4294968296]}\n", "guard.yaml:1:14:"},
        {"people: {a: [token:x/y]}\n", "guard.yaml:1:14: \"token:x/y\" is no evidence"},
        {"people: {a: uid:1}\n", "guard.yaml:1:13: here a list is needed"},
        {"groups: {g: [user:nobody]}\n", "guard.yaml:1:14: there is no \"user:nobody\""},
        {"groups: {g: [group:h], h: [group:g]}\n", "contains itself"},
        {"groups: {g: [group:g]}\n", "guard.yaml:1:14: \"group:g\" contains itself"},
        {"groups: {g: [alice]}\n", "guard.yaml:1:14: \"alice\" is no member"},
        {"roles: {root: [uid:0]}\n", "guard.yaml:1:9: there is no such role"},
        {"targets: {s: {label: [a:b]}}\n", "guard.yaml:1:15: a target has no such key"},
        {"targets: {s: {labels: [production]}}\n", "guard.yaml:1:24: a label has the form"},
        {"people: &x {a: [uid:1]}\n", "anchors"},
        {"people: {a: *x}\n", "aliases"},
        {"user: !!str x\n", "tags"},
        {"user: x\n---\nuser: y\n", "only one document"},
        {"user: [x\n", "guard.yaml:"},
        {"- x\n", "guard.yaml:1:1: the file must be a mapping"},
        {"people: {\"a:b\": [uid:1]}\n", "guard.yaml:1:10: a name has no spaces"},
    };

    for (size_t i = 0; i < OG_COUNT(rows); i++) {
        int r;
        struct og_config *config = parse(rows[i].text, &r);

        if (!tap_ok(r == OG_CONFIG_E_INVALID && !config &&
                        strstr(og_buf_str(&messages), rows[i].says), "refused: %.*s",
                    (int)strcspn(rows[i].text, "\n"), rows[i].text))
            tap_note("%d %s", r, og_buf_str(&messages));
        og_config_free(config);
    }
}

static void test_deep(void)
{
    struct og_buf text;
    struct og_config *config;
    int r;

    og_buf_init(&text, 1u << 20);
    og_buf_append_str(&text, "groups:\n");
    for (int i = 0; i < 30; i++)
        og_buf_printf(&text, "  g%d: [group:g%d, group:g%d]\n", i, i + 1, i + 1);
    og_buf_append_str(&text, "  g30: [uid:7]\n");
    config = parse(og_buf_str(&text), &r);
    tap_ok(r == 0 && og_config_uid_in_group(config, 7, "g0"), "thirty_levels_are_fast_and_right");
    og_config_free(config);
    og_buf_clear(&text);
    og_buf_append_str(&text, "groups:\n");
    for (int i = 0; i < 100; i++)
        og_buf_printf(&text, "  g%d: [group:g%d]\n", i, i + 1);
    og_buf_append_str(&text, "  g100: []\n");
    config = parse(og_buf_str(&text), &r);
    tap_ok(r == OG_CONFIG_E_INVALID, "a_hundred_levels_are_refused");
    og_config_free(config);
    og_buf_release(&text);
}

static void test_defaults(void)
{
    struct og_config *config = NULL;
    int r;

    og_buf_clear(&messages);
    r = og_config_parse("none", NULL, 0, &messages, &config);
    tap_ok(r == 0 && !og_config_user(config) && !og_config_person(config, 1000) &&
               !og_config_uid_has_role(config, 0, "admin"), "without_a_file_nobody_is_anybody");
    og_config_free(config);
    config = parse("# nothing\n", &r);
    tap_ok(r == 0, "an_empty_file_is_good");
    og_config_free(config);
}

static bool has_name(const struct og_principal *principal, const char *name)
{
    for (size_t i = 0; i < principal->n_names; i++)
        if (strcmp(principal->names[i], name) == 0)
            return true;
    return false;
}

static void test_peer(void)
{
    struct og_arena arena;
    struct og_config *config;
    struct og_peer peer;
    struct og_principal_chain chain;
    int pair[2], r;

    og_arena_init(&arena, 1u << 20);
    config = parse(good, &r);
    tap_ok(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 &&
               og_peer_from_socket(pair[0], &arena, &peer) == 0 && peer.uid == getuid() &&
               peer.pid == getpid() && strstr(peer.exe, "test_config") &&
               strstr(peer.cmd_line, "test_config"), "the_peer_of_a_socket");
    tap_note("exe %s, command line %s, cgroup %s", peer.exe, peer.cmd_line, peer.cgroup);
    peer.uid = 1001;
    tap_ok(og_peer_chain(&peer, config, &arena, &chain) == 0 && chain.n_members == 1 &&
               chain.evidence == OG_EVIDENCE_PEER && chain.members[0].is_person &&
               has_name(&chain.members[0], "user:alice") &&
               has_name(&chain.members[0], "group:all") &&
               has_name(&chain.members[0], "uid:1001") &&
               strcmp(chain.members[0].display, "alice") == 0, "a_person");
    peer.uid = 4711;
    tap_ok(og_peer_chain(&peer, config, &arena, &chain) == 0 && !chain.members[0].is_person &&
               strcmp(chain.members[0].display, "uid:4711") == 0, "everyone_else_is_an_agent");
    og_peer_from_ids(5, 5, 0, &arena, &peer);
    tap_ok(!*peer.exe && !*peer.cmd_line && peer.login_uid == UINT32_MAX, "no_pid_no_process");
    (void)close(pair[0]);
    (void)close(pair[1]);
    og_config_free(config);
    og_arena_release(&arena);
}

int main(void)
{
    og_buf_init(&messages, 65536);
    test_good();
    test_bad();
    test_deep();
    test_defaults();
    test_peer();
    og_buf_release(&messages);
    return tap_done();
}
