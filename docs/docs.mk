# SPDX-License-Identifier: MIT
nobase_dist_doc_DATA = \
	docs/analysis-postgresql.md \
	docs/analysis-sqlite.md \
	docs/approvals.md \
	docs/architecture.md \
	docs/config.md \
	docs/connection.md \
	docs/decisions/0001-build.md \
	docs/decisions/0002-errors.md \
	docs/decisions/0003-parser-thread.md \
	docs/decisions/0004-sqlite-by-the-engine.md \
	docs/decisions/0005-one-loop.md \
	docs/decisions/0006-mount-and-drop.md \
	docs/decisions/0007-masked-rows.md \
	docs/decisions/0008-faces.md \
	docs/decisions/0009-catalog.md \
	docs/decisions/0010-ledger-chain.md \
	docs/decisions/0011-ids.md \
	docs/decisions/0012-request-files.md \
	docs/decisions/0013-dependencies.md \
	docs/decisions/0014-closed-for-now.md \
	docs/decisions/0015-rows.md \
	docs/decisions/0016-limits-and-lookups.md \
	docs/decisions/0017-detectors.md \
	docs/decisions/0018-keyed-masks.md \
	docs/decisions/0019-session-of-postgresql.md \
	docs/decisions/0020-broker.md \
	docs/decisions/0022-rehearsal.md \
	docs/decisions/0023-handles.md \
	docs/decisions/0024-amending.md \
	docs/decisions/0025-unmasking.md \
	docs/decisions/0026-writes-through-results.md \
	docs/decisions/0021-undo.md \
	docs/errors.md \
	docs/files.md docs/performance.md \
	docs/ledger.md \
	docs/odbc-coverage.md \
	docs/policy.md \
	docs/protocol.md \
	docs/service.md \
	docs/threat-model.md \
	docs/undo.md \
	docs/ways-to-save.md
EXTRA_DIST += CONTRIBUTING.md SECURITY.md LICENSE
