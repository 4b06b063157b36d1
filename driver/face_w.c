/* SPDX-License-Identifier: MIT */
/* libodbcguard.so: plain and W forms, no ODBC 2 functions; the shape of psqlODBC (Unicode). */
#define OG_FACE_W OG_FACE_YES
#define OG_FACE_ODBC2 OG_FACE_NO
#include "driver/face.h"
