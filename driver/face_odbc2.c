/* SPDX-License-Identifier: MIT */
/* libodbcguard-odbc2.so: plain forms with the ODBC 2 functions, no W forms; the shape of SQLite ODBC. */
#define OG_FACE S
#include "driver/face.h"
