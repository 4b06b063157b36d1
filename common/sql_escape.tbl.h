/* SPDX-License-Identifier: MIT */
/* sql_escape.tbl.h - ODBC scalar functions and what they are in the engines.
 * FN(name in lower case, fewest arguments, most, PostgreSQL, SQLite); NULL: refused there. The name of
 * timestampadd, timestampdiff and convert has the word of their unit or type behind it, which is then no
 * argument. In the texts #1 to #4 are the arguments, #* all of them with commas. Each argument stands
 * exactly once and in order, because markers are counted.
 * PostgreSQL's give what psqlODBC 13.02 makes of the same escape (types and NULL included), so that a
 * guarded connection answers like a direct one; SQLite ODBC expands nothing. */
FN("abs", 1, 1, "abs(#1)", "abs(#1)")
FN("acos", 1, 1, "acos(#1)", "acos(#1)")
FN("ascii", 1, 1, "ascii(#1)", "unicode(#1)")
FN("asin", 1, 1, "asin(#1)", "asin(#1)")
FN("atan", 1, 1, "atan(#1)", "atan(#1)")
FN("atan2", 2, 2, "atan2(#*)", "atan2(#*)")
FN("bit_length", 1, 1, "bit_length(#1)", NULL)
FN("ceiling", 1, 1, "ceil(#1)", "ceil(#1)")
FN("char", 1, 1, "chr(#1)", "char(#1)")
FN("char_length", 1, 1, "length(#1)", "length(#1)")
FN("character_length", 1, 1, "length(#1)", "length(#1)")
FN("concat", 2, 2, "concat((#1)::text, (#2)::text)", "((#1) || (#2))")
FN("convert sql_bigint", 1, 1, "(#1)::int8", "CAST(#1 AS INTEGER)")
FN("convert sql_char", 1, 1, "(#1)::varchar", "CAST(#1 AS TEXT)")
FN("convert sql_decimal", 1, 1, "(#1)::numeric", "CAST(#1 AS NUMERIC)")
FN("convert sql_double", 1, 1, "(#1)::float8", "CAST(#1 AS REAL)")
FN("convert sql_float", 1, 1, "(#1)::float8", "CAST(#1 AS REAL)")
FN("convert sql_integer", 1, 1, "(#1)::int4", "CAST(#1 AS INTEGER)")
FN("convert sql_longvarchar", 1, 1, "(#1)::text", "CAST(#1 AS TEXT)")
FN("convert sql_numeric", 1, 1, "(#1)::numeric", "CAST(#1 AS NUMERIC)")
FN("convert sql_real", 1, 1, "(#1)::float4", "CAST(#1 AS REAL)")
FN("convert sql_smallint", 1, 1, "(#1)::int2", "CAST(#1 AS INTEGER)")
FN("convert sql_type_date", 1, 1, "(#1)::date", NULL)
FN("convert sql_type_time", 1, 1, "(#1)::time", NULL)
FN("convert sql_type_timestamp", 1, 1, "(#1)::timestamp", NULL)
FN("convert sql_varchar", 1, 1, "(#1)::varchar", "CAST(#1 AS TEXT)")
FN("convert sql_wchar", 1, 1, "(#1)::varchar", "CAST(#1 AS TEXT)")
FN("convert sql_wlongvarchar", 1, 1, "(#1)::text", "CAST(#1 AS TEXT)")
FN("convert sql_wvarchar", 1, 1, "(#1)::varchar", "CAST(#1 AS TEXT)")
FN("cos", 1, 1, "cos(#1)", "cos(#1)")
FN("cot", 1, 1, "cot(#1)", NULL)
FN("curdate", 0, 0, "CURRENT_DATE", "date('now', 'localtime')")
FN("current_date", 0, 0, "CURRENT_DATE", "date('now', 'localtime')")
FN("current_time", 0, 0, "CURRENT_TIME", "time('now', 'localtime')")
FN("current_timestamp", 0, 0, "CURRENT_TIMESTAMP", "datetime('now', 'localtime')")
FN("current_user", 0, 0, "cast(CURRENT_USER as text)", NULL)
FN("curtime", 0, 0, "CURRENT_TIME", "time('now', 'localtime')")
FN("database", 0, 0, "current_database()", NULL)
FN("dayname", 1, 1, "to_char(#1, 'Day')", NULL)
FN("dayofmonth", 1, 1,
   "cast(extract(day from #1) as integer)",
   "CAST(strftime('%d', #1) AS INTEGER)")
FN("dayofweek", 1, 1,
   "(cast(extract(dow from #1) as integer) + 1)",
   "(CAST(strftime('%w', #1) AS INTEGER) + 1)")
FN("dayofyear", 1, 1,
   "cast(extract(doy from #1) as integer)",
   "CAST(strftime('%j', #1) AS INTEGER)")
FN("degrees", 1, 1, "degrees(#1)", "degrees(#1)")
FN("exp", 1, 1, "exp(#1)", "exp(#1)")
FN("extract", 1, 1, "extract(#1)", NULL)
FN("floor", 1, 1, "floor(#1)", "floor(#1)")
FN("hour", 1, 1, "cast(extract(hour from #1) as integer)", "CAST(strftime('%H', #1) AS INTEGER)")
FN("ifnull", 2, 2, "coalesce(#*)", "ifnull(#*)")
FN("insert", 4, 4,
   "(SELECT substring(og.a from 1 for og.b - 1) || og.d || substring(og.a from og.b + og.c) "
   "FROM (VALUES (cast(#1 as text), cast(#2 as integer), cast(#3 as integer), cast(#4 as "
   "text))) og(a, b, c, d))",
   NULL)
FN("lcase", 1, 1, "lower(#1)", "lower(#1)")
FN("left", 2, 2, "left(#*)", NULL)
FN("length", 1, 1, "char_length(#1)", "length(#1)")
FN("localtime", 0, 0, "LOCALTIME", NULL)
FN("localtimestamp", 0, 0, "LOCALTIMESTAMP", NULL)
FN("locate", 2, 2, "position(#1 in #2)", NULL)
FN("locate", 3, 3,
   "(SELECT position(og.a in substring(og.b from og.c)) + og.c - 1 FROM (VALUES (cast(#1 as "
   "text), cast(#2 as text), cast(#3 as integer))) og(a, b, c))",
   NULL)
FN("log", 1, 1, "ln(#1)", "ln(#1)")
FN("log10", 1, 1, "log(#1)", "log10(#1)")
FN("ltrim", 1, 1, "ltrim(#1)", "ltrim(#1)")
FN("minute", 1, 1,
   "cast(extract(minute from #1) as integer)",
   "CAST(strftime('%M', #1) AS INTEGER)")
FN("mod", 2, 2, "mod(#*)", "((#1) % (#2))")
FN("month", 1, 1, "cast(extract(month from #1) as integer)", "CAST(strftime('%m', #1) AS INTEGER)")
FN("monthname", 1, 1, "to_char(#1, 'Month')", NULL)
FN("now", 0, 0, "now()", "datetime('now', 'localtime')")
FN("octet_length", 1, 1, "octet_length(#1)", NULL)
FN("pi", 0, 0, "pi()", "pi()")
FN("position", 1, 1, "position(#1)", NULL)
FN("power", 2, 2, "power(#*)", "power(#*)")
FN("quarter", 1, 1, "cast(extract(quarter from #1) as integer)", NULL)
FN("radians", 1, 1, "radians(#1)", "radians(#1)")
FN("rand", 0, 0, "random()", NULL)
FN("repeat", 2, 2, "repeat(#*)", NULL)
FN("replace", 3, 3, "replace(#*)", "replace(#*)")
FN("right", 2, 2, "right(#*)", NULL)
FN("round", 1, 2, "round(#*)", "round(#*)")
FN("rtrim", 1, 1, "rtrim(#1)", "rtrim(#1)")
FN("second", 1, 1,
   "cast(extract(second from #1) as integer)",
   "CAST(strftime('%S', #1) AS INTEGER)")
FN("session_user", 0, 0, "cast(SESSION_USER as text)", NULL)
FN("sign", 1, 1, "sign(#1)", "sign(#1)")
FN("sin", 1, 1, "sin(#1)", "sin(#1)")
FN("space", 1, 1, "repeat(' ', #1)", NULL)
FN("sqrt", 1, 1, "sqrt(#1)", "sqrt(#1)")
FN("substring", 2, 3, "substr(#*)", "substr(#*)")
FN("tan", 1, 1, "tan(#1)", "tan(#1)")
FN("timestampadd sql_tsi_day", 2, 2, "(make_interval(0, 0, 0, #1) + #2)", NULL)
FN("timestampadd sql_tsi_frac_second", 2, 2,
   "(make_interval(0, 0, 0, 0, 0, 0, (#1)::float / 1000000) + #2)",
   NULL)
FN("timestampadd sql_tsi_hour", 2, 2, "(make_interval(0, 0, 0, 0, #1) + #2)", NULL)
FN("timestampadd sql_tsi_minute", 2, 2, "(make_interval(0, 0, 0, 0, 0, #1) + #2)", NULL)
FN("timestampadd sql_tsi_month", 2, 2, "(make_interval(0, #1) + #2)", NULL)
FN("timestampadd sql_tsi_second", 2, 2, "(make_interval(0, 0, 0, 0, 0, 0, #1) + #2)", NULL)
FN("timestampadd sql_tsi_week", 2, 2, "(make_interval(0, 0, #1) + #2)", NULL)
FN("timestampadd sql_tsi_year", 2, 2, "(make_interval(#1) + #2)", NULL)
FN("timestampdiff sql_tsi_day", 2, 2,
   "cast((- extract(epoch from #1) + extract(epoch from #2)) / (24 * 60 * 60) as integer)",
   NULL)
FN("timestampdiff sql_tsi_hour", 2, 2,
   "cast((- extract(epoch from #1) + extract(epoch from #2)) / 3600 as integer)",
   NULL)
FN("timestampdiff sql_tsi_minute", 2, 2,
   "cast((- extract(epoch from #1) + extract(epoch from #2)) / 60 as integer)",
   NULL)
FN("timestampdiff sql_tsi_second", 2, 2,
   "cast((- extract(epoch from #1) + extract(epoch from #2)) as integer)",
   NULL)
FN("truncate", 1, 1, "trunc(#1)", NULL)
FN("truncate", 2, 2, "trunc(#*)", NULL)
FN("ucase", 1, 1, "upper(#1)", "upper(#1)")
FN("user", 0, 0, "cast(CURRENT_USER as text)", NULL)
FN("week", 1, 1, "cast(extract(week from #1) as integer)", NULL)
FN("year", 1, 1, "cast(extract(year from #1) as integer)", "CAST(strftime('%Y', #1) AS INTEGER)")
