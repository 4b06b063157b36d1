/* SPDX-License-Identifier: MIT */
/* libodbcguard-ansi.so: plain forms alone; the shape of psqlODBC (ANSI). */
#define OG_FACE A
#include "driver/face.h"
