# SPDX-License-Identifier: MIT
# Perl's DBD::ODBC: catalog, typed columns, arrays of rows, transactions, long values in pieces.
use strict;
use warnings;
use utf8;
unless (eval { require DBI; require DBD::ODBC; 1 }) {
    print "libdbd-odbc-perl is not installed\n";
    exit 77;
}
binmode STDOUT, ':raw';
my $c = DBI->connect("dbi:ODBC:DSN=$ARGV[0]", undef, undef, {RaiseError => 1, PrintError => 0, AutoCommit => 1});
$c->{LongReadLen} = 300000;
sub told { print join('|', map { defined $_ ? $_ : 'NULL' } @_), "\n" }
my $s = $c->table_info(undef, undef, '%', 'TABLE');
told(sort grep { /^(people|work)$/ } map { $_->[2] } @{$s->fetchall_arrayref});
$s = $c->column_info(undef, undef, 'people', '%');
told(map { "$_->[3]:$_->[4]:$_->[5]" } @{$s->fetchall_arrayref});
told($c->primary_key(undef, undef, 'people'));
$s = $c->prepare('SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id');
$s->execute;
told(@{$s->{NAME}}, @{$s->{TYPE}}, @{$s->{PRECISION}}, @{$s->{NULLABLE}});
told(@$_) for @{$s->fetchall_arrayref};
told($c->selectrow_array('SELECT name FROM people WHERE id = ?', undef, 2));
my $beyond = "\x{1f600} beyond";
utf8::encode($beyond);
told($c->selectrow_array('SELECT id FROM people WHERE name = ?', undef, $beyond));
my ($note) = $c->selectrow_array('SELECT note FROM people WHERE id = 2');
told(length $note, $note eq '0123456789' x 10000 ? 'right' : 'wrong');
$s = $c->prepare('SELECT note FROM people WHERE id = 2');
$s->execute;
$s->fetch;
told(map { length } $s->odbc_getdata(1)) if $s->can('odbc_getdata');
$c->begin_work;
$c->do('INSERT INTO work VALUES (?, ?, ?)', undef, 1, 'one', 'x' x 100000);
$c->rollback;
told($c->selectrow_array('SELECT count(*) FROM work'));
$c->begin_work;
$s = $c->prepare('INSERT INTO work (id, name) VALUES (?, ?)');
told($s->execute_array({ArrayTupleStatus => \my @status}, [2, 3, 4], ['two', undef, $beyond]));
$c->commit;
told(@$_) for @{$c->selectall_arrayref('SELECT id, name, body FROM work ORDER BY id')};
sub attempt {
    my $sql = shift;
    my $rows = eval { $c->selectall_arrayref($sql) };
    told($sql, $rows ? scalar @$rows : ($c->state, $c->err, $c->errstr));
}
attempt("INSERT INTO work VALUES (2, 'again', NULL)");
told($c->do('DELETE FROM work'));
attempt('SELECT * FROM none');
attempt('SELEC 1');
$c->disconnect;
