/* SPDX-License-Identifier: MIT */
/* libodbcguard-mariadb.so: plain and W forms with the ODBC 2 functions; the shape of MariaDB ODBC. */
#define OG_FACE M
#include "driver/face.h"
