// SPDX-License-Identifier: MIT
// npm's odbc: catalog, parameters, cursors in parts, transactions, errors.
import {createRequire} from 'node:module';
let odbc;
try {
    odbc = createRequire(process.env.OG_NPM + '/')('odbc');
} catch (e) {
    console.log('npm package odbc is not installed: ' + e.code);
    process.exit(77);
}
const c = await odbc.connect('DSN=' + process.argv[2]);
const told = (row) => console.log(Object.values(row).map((v) => v === null ? 'NULL' : String(v)).join('|'));
const tables = await c.tables(null, null, null, 'TABLE');
console.log(tables.map((t) => t.TABLE_NAME ?? t.table_name).filter((n) => ['people', 'work'].includes(n)).sort().join(' '));
(await c.columns(null, null, 'people', null)).forEach((row) => told(Object.values(row).slice(3, 7)));
const rows = await c.query('SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id');
console.log(rows.columns.map((x) => `${x.name} ${x.dataType} ${x.columnSize} ${x.nullable}`).join(', '));
rows.forEach(told);
console.log(JSON.stringify([...await c.query('SELECT name FROM people WHERE id = ?', [2])]));
console.log(JSON.stringify([...await c.query('SELECT id FROM people WHERE name = ?', ['\u{1f600} beyond'])]));
const note = (await c.query('SELECT note FROM people WHERE id = 2'))[0].note;
console.log(note.length, note === '0123456789'.repeat(10000));
const cursor = await c.query('SELECT id, name FROM people ORDER BY id', {cursor: true, fetchSize: 2});
while (!cursor.noData) console.log(JSON.stringify([...await cursor.fetch()]));
await cursor.close();
await c.beginTransaction();
await c.query("INSERT INTO work VALUES (1, 'one', NULL)");
await c.rollback();
console.log(JSON.stringify([...await c.query('SELECT count(*) AS n FROM work')], (k, v) => typeof v === 'bigint' ? String(v) : v));
await c.beginTransaction();
const s = await c.createStatement();
await s.prepare('INSERT INTO work VALUES (?, ?, ?)');
await s.bind([2, '\u{1d4b3}', 'x'.repeat(3000)]);
console.log((await s.execute()).count);
await s.close();
await c.commit();
console.log(JSON.stringify([...await c.query('SELECT id, name, length(body) AS n FROM work')], (k, v) => typeof v === 'bigint' ? String(v) : v));
async function attempt(sql) {
    try {
        console.log(sql, (await c.query(sql)).count);
    } catch (e) {
        console.log(sql, JSON.stringify(e.odbcErrors));
    }
}
await attempt("INSERT INTO work VALUES (2, 'again', NULL)");
await attempt('DELETE FROM work');
await attempt('SELECT * FROM none');
await attempt('SELEC 1');
await c.close();
