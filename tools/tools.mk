# SPDX-License-Identifier: MIT
EXTRA_DIST += tools/check tools/packages tools/pg-functions tools/quickstart tools/quickstart.py tools/quickstart.yaml .ci/run
