<?php
// SPDX-License-Identifier: MIT
// PHP's odbc_* functions: an ODBC 2 application; catalog, scrolling fetches, transactions, long values.
if (!function_exists('odbc_connect')) {
    echo "php-odbc is not installed\n";
    exit(77);
}
error_reporting(E_ALL & ~E_WARNING);
$c = odbc_connect($argv[1], '', '');
ini_set('odbc.defaultlrl', 300000);
function told($row) {
    return implode('|', array_map(fn($v) => $v ?? 'NULL', $row));
}
$names = [];
$r = odbc_tables($c);
while ($row = odbc_fetch_array($r)) {
    $row = array_change_key_case($row);
    if ($row['table_type'] == 'TABLE' && in_array($row['table_name'], ['people', 'work'])) $names[] = $row['table_name'];
}
sort($names);
echo implode(' ', $names), "\n";
$r = odbc_columns($c, null, null, 'people', '%');
while (odbc_fetch_row($r)) echo odbc_result($r, 4), ':', odbc_result($r, 5), ':', odbc_result($r, 6), ' ';
echo "\n";
$r = odbc_exec($c, 'SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id');
for ($i = 1; $i <= odbc_num_fields($r); $i++)
    echo odbc_field_name($r, $i), ' ', odbc_field_type($r, $i), ' ', odbc_field_len($r, $i), ', ';
echo "\n";
while ($row = odbc_fetch_array($r)) echo told($row), "\n";
$r = odbc_prepare($c, 'SELECT name FROM people WHERE id = ?');
odbc_execute($r, [2]);
echo told(odbc_fetch_array($r)), "\n";
$r = odbc_prepare($c, 'SELECT id FROM people WHERE name = ?');
odbc_execute($r, ["\u{1f600} beyond"]);
echo told(odbc_fetch_array($r)), "\n";
$r = odbc_exec($c, 'SELECT note FROM people WHERE id = 2');
odbc_longreadlen($r, 300000);
odbc_fetch_row($r);
echo strlen(odbc_result($r, 1)), ' ', md5(odbc_result($r, 1)), "\n";
odbc_autocommit($c, false);
$r = odbc_prepare($c, 'INSERT INTO work VALUES (?, ?, ?)');
odbc_execute($r, [1, "\u{1d4b3} 漢", str_repeat('x', 3000)]);
odbc_rollback($c);
$r = odbc_exec($c, 'SELECT count(*) FROM work');
odbc_fetch_row($r);
echo odbc_result($r, 1), "\n";
odbc_commit($c);
$r = odbc_prepare($c, 'INSERT INTO work VALUES (?, ?, ?)');
odbc_execute($r, [2, "\u{1d4b3} 漢", null]);
odbc_commit($c);
odbc_autocommit($c, true);
$r = odbc_exec($c, 'SELECT * FROM work');
while ($row = odbc_fetch_array($r)) echo told($row), "\n";
function attempt($c, $sql) {
    echo $sql, ': ', odbc_exec($c, $sql) ? 'done' : odbc_error($c) . ' ' . odbc_errormsg($c), "\n";
}
attempt($c, "INSERT INTO work VALUES (2, 'again', NULL)");
attempt($c, 'DELETE FROM work');
attempt($c, 'SELECT * FROM none');
attempt($c, 'SELEC 1');
odbc_close($c);
