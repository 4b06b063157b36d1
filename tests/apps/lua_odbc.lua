-- SPDX-License-Identifier: MIT
-- Lua's luasql.odbc: rows as tables, errors; never sets a locale.
local found, driver = pcall(require, "luasql.odbc")
if not found then
    print("lua-sql-odbc is not installed")
    os.exit(77)
end
local c = assert(driver.odbc():connect(arg[1]))
local function told(row, n)
    local line = {}
    for i = 1, n do line[i] = row[i] == nil and "NULL" or tostring(row[i]) end
    print(table.concat(line, "|"))
end
local cursor = assert(c:execute("SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id"))
told(cursor:getcolnames(), 8)
told(cursor:getcoltypes(), 8)
local row = cursor:fetch({}, "n")
while row do
    told(row, 8)
    row = cursor:fetch({}, "n")
end
cursor:close()
local function one(sql)
    local rows = assert(c:execute(sql))
    local values = {rows:fetch()}
    told(values, #values)
    rows:close()
end
one("SELECT id FROM people WHERE name = '\u{1f600} beyond'")
cursor = assert(c:execute("SELECT note FROM people WHERE id = 2"))
local note = cursor:fetch()
print(#note, note == string.rep("0123456789", 10000))
cursor:close()
-- Writes are left out: luasql lets SQLRowCount write eight bytes into four and the stack check ends it.
local function attempt(sql)
    local done, why = c:execute(sql)
    print(sql, done, why)
end
attempt("SELECT * FROM none")
attempt("SELEC 1")
c:close()
