/* SPDX-License-Identifier: MIT */
/* policy_edit.h - the working copy of the policies: policies/edit/ in the mount, STATE/policies/edit/ on
 * disk. It begins as a copy of the set in force (and of the schema files beside it) with the first save. A
 * save checks the syntax of the file; .test runs syntax, link and the policies' own tests over the whole
 * copy; .commit does the same and then puts the copy into the policy folder, which stays the one source of
 * what is in force; .abort drops it. One working copy for all admins.
 * Is not: a right to edit (tree_write.c asks for the role). */
#ifndef OG_FUSEFS_POLICY_EDIT_H
#define OG_FUSEFS_POLICY_EDIT_H

#include "common/base.h"
#include "common/buf.h"

struct og_daemon;

/* Names that a working copy takes: letters, digits, . _ -, ending in .yaml or .sql. */
bool og_policy_edit_is_name(const char *name);
bool og_policy_edit_exists(const struct og_daemon *daemon, const char *name);
void og_policy_edit_list(const struct og_daemon *daemon,
                         void (*visit)(void *context, const char *name), void *context);
OG_MUST int og_policy_edit_read(const struct og_daemon *daemon, const char *name,
                                struct og_buf *out);
/* messages: file:line:column: text. Returns: 0; -EBADMSG with messages; -EINVAL (name); -errno. */
OG_MUST int og_policy_edit_save(struct og_daemon *daemon, const char *name, const char *text,
                                size_t n_bytes, struct og_buf *messages);
OG_MUST int og_policy_edit_remove(struct og_daemon *daemon, const char *name);
OG_MUST int og_policy_edit_rename(struct og_daemon *daemon, const char *from, const char *to);
/* messages: the result in lines, ending with `ok` or with what failed. Returns: 0; -EBADMSG. */
OG_MUST int og_policy_edit_test(struct og_daemon *daemon, struct og_buf *messages);
/* by: the person. Returns: 0; -EBADMSG (a test fails), -EACCES, -EROFS (the policy folder is not
 * guardfs' to write), -errno, with messages. */
OG_MUST int og_policy_edit_commit(struct og_daemon *daemon, const char *by, const char *reason,
                                  struct og_buf *messages);
OG_MUST int og_policy_edit_abort(struct og_daemon *daemon);

#endif
