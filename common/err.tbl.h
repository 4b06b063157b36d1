/* SPDX-License-Identifier: MIT */
/* err.tbl.h - every error odbcguard itself reports to a client.
 * ERR(name, SQLSTATE in a session, SQLSTATE at connect, native number, what it means)
 * Native numbers are an interface: add rows, never renumber. */
ERR(DENIED,       "42000", "08004", 71001, "denied by a rule")
ERR(PENDING,      "42000", "42000", 71002, "an approval is pending")
ERR(WAIT_TIMEOUT, "HYT00", "HYT00", 71002, "the wait for an approval timed out; the request stays pending")
ERR(ANSWERED,     "42000", "42000", 71003, "the approval was denied, expired or void")
ERR(LIMIT,        "42000", "08004", 71004, "a limit is reached")
ERR(REFUSED,      "42000", "42000", 71005, "not understood, so refused")
ERR(UNREACHABLE,  "08S01", "08001", 71006, "guardfs cannot be reached")
ERR(IDENTITY,     "28000", "28000", 71007, "the identity is not accepted")
ERR(CONFIG,       "HY000", "08001", 71008, "the configuration is wrong")
