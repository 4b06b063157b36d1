/* SPDX-License-Identifier: MIT */
/* libodbcguard-tds.so: plain and W forms with the ODBC 2 functions, nothing that browses, describes
 * parameters or works in bulk; the shape of FreeTDS. */
#define OG_FACE T
#include "driver/face.h"
