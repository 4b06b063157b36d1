/* SPDX-License-Identifier: MIT */
/* report_control.tbl.h - which sections are evidence for which control, and what a control needs beyond
 * this. Others can add rows. CONTROL(framework, control, what it asks in short, sections, what else it needs)
 * Sources: AICPA Trust Services Criteria 2017 (CC6, CC7); PCI DSS 4.0.1, requirement 10; Regulation (EU)
 * 2016/679, articles 30 and 32. The wording is ours, not theirs. */
CONTROL("SOC 2", "CC6.1", "logical access to data is restricted", "touched refused access",
        "rights in the database itself; a list of who should have access")
CONTROL("SOC 2", "CC6.2", "users are registered and authorised before access", "access",
        "the process by which accounts and groups of the configuration are given and taken")
CONTROL("SOC 2", "CC6.3", "access follows roles and least privilege, and changes are authorised",
        "policy approvals administration", "a periodic review of the policies by somebody accountable")
CONTROL("SOC 2", "CC6.7", "confidential data is restricted when it is handed out", "masked refused",
        "exports that do not pass the guarded data sources")
CONTROL("SOC 2", "CC7.2", "the system is monitored for anomalies", "refused observed unknown",
        "alerts on the ledger's is_alert records and somebody who looks at them")
CONTROL("SOC 2", "CC7.3", "events are evaluated", "refused approvals", "the record of what was decided on each")
CONTROL("PCI DSS", "10.2.1", "audit logs record all access to cardholder data", "touched masked",
        "access that does not pass the guarded data sources, such as local logins of the database")
CONTROL("PCI DSS", "10.2.1.2", "actions of administrative accounts are recorded", "administration policy",
        "the operating system's and the database's own administration")
CONTROL("PCI DSS", "10.2.1.4", "invalid access attempts are recorded", "refused access", "failed logins of the database itself")
CONTROL("PCI DSS", "10.2.2", "records name user, kind, time, outcome, origin and object", "touched",
        "clocks that are kept in step (requirement 10.6)")
CONTROL("PCI DSS", "10.3.4", "audit logs are protected against change", "administration",
        "anchors kept in a second place; the verification command of this report, run regularly")
CONTROL("PCI DSS", "10.4.1", "audit logs are reviewed", "refused observed approvals", "the review itself, daily")
CONTROL("PCI DSS", "10.5.1", "audit logs are kept for twelve months", "administration", "retention set accordingly, and backups")
CONTROL("GDPR", "Art. 30", "records of processing activities", "touched access",
        "purposes, legal bases and recipients, which no log knows")
CONTROL("GDPR", "Art. 32(1)(a)", "pseudonymisation and encryption", "masked", "encryption at rest and in transit")
CONTROL("GDPR", "Art. 32(1)(b)", "confidentiality and integrity of systems", "refused policy unknown",
        "the security of the database hosts")
CONTROL("GDPR", "Art. 32(1)(d)", "regular testing of the measures", "policy observed", "the policies' own tests, and an independent test")
