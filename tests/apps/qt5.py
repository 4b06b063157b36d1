# SPDX-License-Identifier: MIT
"""Qt 5 through PyQt5."""
import sys

sys.dont_write_bytecode = True
try:
    from PyQt5 import QtCore, QtSql
except ImportError as e:
    print("not installed: %s" % e.name)
    sys.exit(77)

import qt  # noqa: E402

qt.main(QtCore, QtSql)
