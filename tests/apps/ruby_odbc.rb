# SPDX-License-Identifier: MIT
# Ruby's ODBC binding: catalog, scrolling, parameters, transactions; an ODBC 2 application.
# The binding looks for the manager under a name that it no longer has.
unless ENV['LD_PRELOAD']
  exec({'LD_PRELOAD' => 'libodbc.so.2'}, RbConfig.ruby, __FILE__, *ARGV)
end
begin
  require 'odbc'
rescue LoadError => e
  puts "ruby-odbc is not installed: #{e.message}"
  exit 77
end
def told(*row)
  puts row.flatten.map { |v| v.nil? ? 'NULL' : v.to_s.b }.join('|')
end
c = ODBC.connect(ARGV[0])
s = c.tables
told(s.fetch_all.map { |row| row[2] }.select { |n| %w[people work].include?(n) }.sort)
s.drop
s = c.columns('people')
told(s.fetch_all.map { |row| row[3..5].join(':') })
s.drop
s = c.run('SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id')
told(s.columns(true).map { |column| [column.name, column.type, column.length, column.nullable] })
s.each { |row| told(row) }
s.drop
told(c.run('SELECT name FROM people WHERE id = ?', 2).fetch_all)
told(c.run('SELECT id FROM people WHERE name = ?', "\u{1f600} beyond").fetch_all)
s = c.run('SELECT note FROM people WHERE id = 2')
note = s.fetch[0]
told(note.length, note == '0123456789' * 10000)
s.drop
c.autocommit = false
c.do('INSERT INTO work VALUES (?, ?, ?)', 1, 'one', 'x' * 3000)
c.rollback
told(c.run('SELECT count(*) FROM work').fetch_all)
c.do('INSERT INTO work VALUES (?, ?, ?)', 2, "\u{1d4b3}", nil)
c.commit
c.autocommit = true
told(c.run('SELECT * FROM work').fetch_all)
define_method(:attempt) do |sql|
  begin
    told(sql, c.do(sql))
  rescue ODBC::Error => e
    told(sql, e.message)
  end
end
attempt("INSERT INTO work VALUES (2, 'again', NULL)")
attempt('DELETE FROM work')
attempt('SELECT * FROM none')
attempt('SELEC 1')
c.disconnect
