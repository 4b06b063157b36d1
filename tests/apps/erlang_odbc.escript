#!/usr/bin/env escript
%% -*- erlang -*-
%% SPDX-License-Identifier: MIT
%% Erlang's odbc application: a port program of its own; queries, parameters, transactions, errors.
-mode(compile).

main([Dsn | _]) ->
    case application:start(odbc) of
        ok -> run(Dsn);
        Why -> io:format("erlang-odbc is not installed: ~p~n", [Why]), halt(77)
    end.

cell(null) -> "NULL";
cell(V) when is_list(V) -> V;
cell(V) when is_binary(V) -> unicode:characters_to_list(V, {utf16, little});
cell(V) -> io_lib:format("~p", [V]).

told(Row) -> io:put_chars([lists:join("|", [cell(V) || V <- tuple_to_list(Row)]), "\n"]).

rows(C, Sql) ->
    {selected, Names, Rows} = odbc:sql_query(C, Sql),
    io:format("~p~n", [Names]),
    lists:foreach(fun told/1, Rows).

attempt(C, Sql) -> io:format("~s: ~p~n", [Sql, odbc:sql_query(C, Sql)]).

run(Dsn) ->
    {ok, C} = odbc:connect("DSN=" ++ Dsn, [{auto_commit, on}, {scrollable_cursors, off}]),
    rows(C, "SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id"),
    {ok, Described} = odbc:describe_table(C, "people"),
    io:format("~p~n", [Described]),
    io:format("~p~n", [odbc:param_query(C, "SELECT name FROM people WHERE id = ?", [{sql_integer, [2]}])]),
    {selected, _, [{Note}]} = odbc:sql_query(C, "SELECT substr(note, 1, 5000) FROM people WHERE id = 2"),
    io:format("~p~n", [length(Note)]),
    ok = odbc:disconnect(C),
    {ok, M} = odbc:connect("DSN=" ++ Dsn, [{auto_commit, off}, {scrollable_cursors, off}]),
    attempt(M, "INSERT INTO work VALUES (1, 'one', NULL)"),
    odbc:commit(M, rollback),
    rows(M, "SELECT count(*) FROM work"),
    io:format("~p~n", [odbc:param_query(M, "INSERT INTO work (id, name) VALUES (?, ?)",
        [{sql_integer, [2, 3]}, {{sql_varchar, 20}, ["two", "three"]}])]),
    odbc:commit(M, commit),
    rows(M, "SELECT id, name FROM work ORDER BY id"),
    attempt(M, "DELETE FROM work"),
    odbc:commit(M, commit),
    attempt(M, "SELECT * FROM none"),
    odbc:commit(M, rollback),
    attempt(M, "SELEC 1"),
    odbc:commit(M, rollback),
    odbc:disconnect(M).
