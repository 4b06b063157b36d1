# SPDX-License-Identifier: MIT
EXTRA_DIST += docs/ledger.md docs/analysis-sqlite.md
