# SPDX-License-Identifier: MIT
# Tcl's tdbc::odbc: a Unicode application; catalog, typed parameters, transactions, errors.
if {[catch {package require tdbc::odbc} why]} {
    puts "tcl8.6-tdbc-odbc is not installed: $why"
    exit 77
}
encoding system utf-8
fconfigure stdout -encoding utf-8
tdbc::odbc::connection create c "DSN=[lindex $argv 0]"
proc told {row names} {
    set line {}
    foreach name $names {
        lappend line [expr {[dict exists $row $name] ? [dict get $row $name] : "NULL"}]
    }
    puts [join $line |]
}
puts [lsort [dict keys [c tables] *o*]]
dict for {name column} [c columns people] {
    puts "$name [dict get $column type] [dict get $column precision] [dict get $column nullable]"
}
foreach row [c allrows {SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id}] {
    told $row {id name email phone score born balance big}
}
set id 2
puts [c allrows {SELECT name FROM people WHERE id = :id}]
puts [c allrows -as lists {SELECT id FROM people WHERE name = :name} [dict create name "Zo\u00eb \u6f22\u5b57"]]
set note [lindex [c allrows -as lists {SELECT note FROM people WHERE id = 2}] 0 0]
puts "[string length $note] [string equal $note [string repeat 0123456789 10000]]"
catch {
    c transaction {
        c allrows {INSERT INTO work (id, name) VALUES (1, 'one')}
        error "rolled back"
    }
}
puts [c allrows -as lists {SELECT count(*) FROM work}]
c transaction {
    set s [c prepare {INSERT INTO work (id, name, body) VALUES (:id, :name, :body)}]
    $s paramtype id integer
    $s paramtype name varchar 80
    $s execute [dict create id 2 name "\u6f22" body [string repeat x 3000]]
    $s close
}
puts [c allrows -as lists {SELECT id, name, length(body) FROM work}]
proc attempt {sql} {
    if {[catch {c allrows $sql} why options]} {
        # the native code behind these is half of it never set by tdbc
        puts "$sql: $why [lrange [dict get $options -errorcode] 0 3]"
    } else {
        puts "$sql: $why"
    }
}
attempt {INSERT INTO work VALUES (2, 'again', NULL)}
attempt {DELETE FROM work}
attempt {SELECT * FROM none}
attempt {SELEC 1}
c close
