/* SPDX-License-Identifier: MIT */
/* key.tbl.h - our own connection keywords, for whoever reads a connection string (conf.c) and for the
 * setup library that shows them to GUI tools (setup.c).
 * KEY(name, how it is asked for, value at first, (values to choose from), help)
 * Asked for as TEXT, SECRET (not shown), LIST (one of the values), FILENAME. A key that is not in this table and begins with
 * Guard fails the connect. */
KEY(GuardTargetDSN, TEXT, "", (NULL),
    "The DSN of the real driver: this data source guards it. Leave it empty only with GuardTargetDriver.")
KEY(GuardTargetDriver, TEXT, "", (NULL),
    "The real driver, by its registered name or path; its own keys stand beside it. Instead of GuardTargetDSN.")
KEY(GuardSocket, FILENAME, "", (NULL),
    "The socket of guardfs. Empty: /run/odbcguard/guard.sock.")
KEY(GuardPlacement, LIST, "", ("", "inline", "broker", NULL),
    "Where the guard runs. inline: in the process of the application. broker: in a worker of guardfs, which holds the credentials. Empty: broker where guardfs holds them.")
KEY(GuardAgentToken, SECRET, "", (NULL), "A signed token that says who acts.")
KEY(GuardAgentTokenFile, FILENAME, "", (NULL), "A file with a signed token that says who acts.")
KEY(GuardApp, TEXT, "", (NULL), "Name of the application; recorded as asserted.")
KEY(GuardPurpose, TEXT, "", (NULL), "What the session is for; recorded as asserted.")
KEY(GuardTicket, TEXT, "", (NULL), "A ticket's number; recorded as asserted.")
KEY(GuardApproval, LIST, "wait", ("wait", "fail", NULL),
    "A statement that needs an approval waits for it, or fails at once and can be tried again.")
KEY(GuardApprovalTimeout, TEXT, "20", (NULL), "Seconds to wait for an approval.")
KEY(GuardMaxRows, TEXT, "0", (NULL),
    "Rows that one statement may hand out; beyond them fetching is an error. 0: as policy says.")
KEY(GuardReadOnly, LIST, "0", ("0", "1", NULL), "1: nothing that changes anything.")
KEY(GuardMaskInfo, LIST, "0", ("0", "1", NULL), "1: a warning names the columns that are masked.")
KEY(GuardTraceParent, TEXT, "", (NULL), "W3C traceparent of the work that this session belongs to.")
KEY(GuardLogLevel, LIST, "0", ("0", "1", "2", "3", "4", "5", "6", NULL),
    "How much of the calls goes into the log, from 0 (nothing) to 6; never statements or values.")
KEY(GuardLogPath, FILENAME, "", (NULL), "The folder of the log, for a level above 0.")
