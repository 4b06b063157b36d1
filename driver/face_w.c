/* SPDX-License-Identifier: MIT */
/* libodbcguard.so: plain and W forms, no ODBC 2 functions; the shape of psqlODBC (Unicode). */
#define OG_FACE P
#include "driver/face.h"
