dnl SPDX-License-Identifier: MIT
dnl What is missing is collected and reported once, by the names of Debian's packages.

dnl OG_NEED_PKG(PREFIX, pkg-config module, Debian package)
AC_DEFUN([OG_NEED_PKG], [
  PKG_CHECK_MODULES([$1], [$2], [], [OG_MISSING="$OG_MISSING $3"])
])

dnl OG_NEED_HEADER(header, Debian package, includes)
AC_DEFUN([OG_NEED_HEADER], [
  AC_CHECK_HEADER([$1], [], [OG_MISSING="$OG_MISSING $2"])
])

dnl libpg_query is linked from its static archive, so that its 2,000 symbols stay inside; its raw
dnl tree needs PostgreSQL's own node headers of the same major version.
AC_DEFUN([OG_NEED_PG_QUERY], [
  AC_ARG_VAR([PG_SERVER_INCLUDE], [folder with PostgreSQL 15's server headers])
  AS_IF([test -z "$PG_SERVER_INCLUDE"], [PG_SERVER_INCLUDE=/usr/include/postgresql/15/server])
  AC_MSG_CHECKING([for libpg_query.a and its headers])
  og_save_LIBS=$LIBS
  LIBS="-l:libpg_query.a -lpthread -lm $LIBS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <pg_query.h>]], [[pg_query_init();]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no]); OG_MISSING="$OG_MISSING libpg-query-dev"])
  LIBS=$og_save_LIBS
  AC_MSG_CHECKING([for PostgreSQL 15's node headers])
  AS_IF([test -r "$PG_SERVER_INCLUDE/nodes/parsenodes.h"],
    [AC_MSG_RESULT([$PG_SERVER_INCLUDE])],
    [AC_MSG_RESULT([no]); OG_MISSING="$OG_MISSING postgresql-server-dev-15"])
  AC_SUBST([PG_QUERY_CFLAGS], ["-isystem $PG_SERVER_INCLUDE"])
  AC_SUBST([PG_QUERY_LIBS], ["-l:libpg_query.a -lpthread -lm"])
])

AC_DEFUN([OG_REPORT_MISSING], [
  AS_IF([test -n "$OG_MISSING"], [
    og_list=`echo $OG_MISSING | tr ' ' '\n' | sort -u | tr '\n' ' '`
    AC_MSG_ERROR([these packages are missing: $og_list
  On Debian:  apt-get install $og_list])
  ])
])
