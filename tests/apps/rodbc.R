# SPDX-License-Identifier: MIT
# R with RODBC: catalog, data frames, fetching in parts, writing, errors.
if (!suppressWarnings(require(RODBC, quietly = TRUE))) {
  cat("r-cran-rodbc is not installed\n")
  quit(status = 77)
}
dsn <- commandArgs(TRUE)[1]
channel <- odbcConnect(dsn, DBMSencoding = "UTF-8", believeNRows = FALSE)
options(width = 200, digits = 15)
tables <- sqlTables(channel)
print(sort(tables$TABLE_NAME[tables$TABLE_TYPE == "TABLE" & tables$TABLE_NAME %in% c("people", "work")]))
columns <- sqlColumns(channel, "people")
print(columns[, c("COLUMN_NAME", "DATA_TYPE", "COLUMN_SIZE")])
people <- sqlQuery(channel, paste("SELECT id, name, email, phone, score, born, balance, big FROM people",
                                  "ORDER BY id"), as.is = TRUE)
for (i in seq_len(nrow(people))) {
  row <- unlist(people[i, ])
  row[is.na(row)] <- "NULL"
  cat(row, sep = "|")
  cat("\n")
}
print(sqlQuery(channel, "SELECT name FROM people WHERE id = 2")[[1]])
print(nchar(sqlQuery(channel, "SELECT name FROM people WHERE id = 3", as.is = TRUE)[[1]]))
invisible(odbcQuery(channel, "SELECT id FROM people ORDER BY id"))
print(sqlGetResults(channel, max = 2))
print(sqlGetResults(channel))
print(sqlQuery(channel, "INSERT INTO work VALUES (1, 'one', '\U0001D4B3')"))
odbcSetAutoCommit(channel, FALSE)
print(sqlQuery(channel, "INSERT INTO work VALUES (2, 'two', NULL)"))
odbcEndTran(channel, commit = FALSE)
odbcSetAutoCommit(channel, TRUE)
print(sqlQuery(channel, "SELECT id, name, body FROM work ORDER BY id"))
print(sqlQuery(channel, "INSERT INTO work VALUES (1, 'again', NULL)"))
print(sqlQuery(channel, "DELETE FROM work"))
cat("SELECT * FROM none\n")
print(sqlQuery(channel, "SELECT * FROM none"))
print(sqlQuery(channel, "SELEC 1"))
odbcClose(channel)
