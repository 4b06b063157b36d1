// SPDX-License-Identifier: MIT
// An agent's side of a tool server: lists its tools and calls them.
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
const require = createRequire(process.env.OG_NPM + '/');
let Client, StdioClientTransport;
try {
    ({Client} = require('@modelcontextprotocol/sdk/client/index.js'));
    ({StdioClientTransport} = require('@modelcontextprotocol/sdk/client/stdio.js'));
    require('odbc');
} catch (e) {
    console.log('npm packages odbc and @modelcontextprotocol/sdk are not installed: ' + e.code);
    process.exit(77);
}
const server = join(dirname(fileURLToPath(import.meta.url)), 'mcp_server.mjs');
const client = new Client({name: 'agent', version: '1.0.0'});
await client.connect(new StdioClientTransport({
    command: process.execPath, args: [server, process.argv[2]], env: process.env}));
console.log((await client.listTools()).tools.map((tool) => tool.name).join(' '));
async function call(name, args) {
    const result = await client.callTool({name, arguments: args});
    console.log(args.sql ?? name, result.isError ?? false, result.content[0].text.replaceAll(':null', ':"NULL"'));
}
await call('list_tables', {});
await call('query', {sql: 'SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id'});
await call('query', {sql: 'SELECT name FROM people WHERE id = ?', parameters: [3]});
await call('query', {sql: 'SELECT length(note) AS n FROM people ORDER BY id'});
await call('query', {sql: 'INSERT INTO work VALUES (?, ?, ?)', parameters: [2, '\u{1d4b3}', 'text']});
await call('query', {sql: 'SELECT * FROM work'});
await call('query', {sql: "INSERT INTO work VALUES (2, 'again', NULL)"});
await call('query', {sql: 'DELETE FROM work'});
await call('query', {sql: 'SELECT * FROM none'});
await call('query', {sql: 'SELEC 1'});
await client.close();
