/* SPDX-License-Identifier: MIT */
/* libodbcguard-odbc2.so: plain forms with the ODBC 2 functions, no W forms; the shape of SQLite
 * ODBC. */
#define OG_FACE_W OG_FACE_NO
#define OG_FACE_ODBC2 OG_FACE_YES
#include "driver/face.h"
