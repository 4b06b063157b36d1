<?php
// SPDX-License-Identifier: MIT
// PHP's PDO over ODBC: prepared statements, typed binding, transactions, streams of long values.
if (!extension_loaded('PDO_ODBC')) {
    echo "php-odbc is not installed\n";
    exit(77);
}
$c = new PDO('odbc:DSN=' . $argv[1], '', '', [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
function told($row) {
    return implode('|', array_map(fn($v) => $v ?? 'NULL', $row));
}
$r = $c->query('SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id');
foreach ($r->fetchAll(PDO::FETCH_NUM) as $row) echo told($row), "\n";
$r = $c->prepare('SELECT name FROM people WHERE id = ?');
$r->execute([2]);
echo told($r->fetch(PDO::FETCH_ASSOC)), "\n";
$r = $c->prepare('SELECT id FROM people WHERE name = :name');
$r->bindValue(':name', "\u{1f600} beyond");
$r->execute();
echo told($r->fetch(PDO::FETCH_ASSOC)), "\n";
$note = $c->query('SELECT note FROM people WHERE id = 2')->fetchColumn();
echo strlen($note), ' ', md5($note), "\n";
$c->beginTransaction();
$r = $c->prepare('INSERT INTO work VALUES (?, ?, ?)');
$r->execute([1, "\u{1d4b3} 漢", str_repeat('x', 9000)]);
$c->rollBack();
echo $c->query('SELECT count(*) FROM work')->fetchColumn(), "\n";
$c->beginTransaction();
$r = $c->prepare('INSERT INTO work VALUES (?, ?, ?)');
$body = fopen('php://memory', 'r+');
fwrite($body, str_repeat('y', 50000));
rewind($body);
$r->bindValue(1, 2, PDO::PARAM_INT);
$r->bindValue(2, "\u{1d4b3} 漢");
$r->bindParam(3, $body, PDO::PARAM_LOB);
$r->execute();
$c->commit();
$row = $c->query('SELECT name, body FROM work WHERE id = 2')->fetch(PDO::FETCH_NUM);
echo $row[0], ' ', strlen($row[1]), ' ', md5($row[1]), "\n";
function attempt($c, $sql) {
    try {
        echo $sql, ': ', $c->query($sql)->rowCount(), "\n";
    } catch (PDOException $e) {
        echo $sql, ': ', implode(' ', array_map('strval', $e->errorInfo)), "\n";
    }
}
attempt($c, "INSERT INTO work VALUES (2, 'again', NULL)");
attempt($c, 'DELETE FROM work');
attempt($c, 'SELECT * FROM none');
attempt($c, 'SELEC 1');
