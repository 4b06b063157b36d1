// SPDX-License-Identifier: MIT
// A tool server as an agent has one: the Model Context Protocol over standard input and output, two tools
// over npm's odbc. mcp.mjs is its client.
import {createRequire} from 'node:module';
const require = createRequire(process.env.OG_NPM + '/');
const {McpServer} = require('@modelcontextprotocol/sdk/server/mcp.js');
const {StdioServerTransport} = require('@modelcontextprotocol/sdk/server/stdio.js');
const {z} = require('zod');
const c = await require('odbc').connect('DSN=' + process.argv[2]);
const plain = (key, value) => typeof value === 'bigint' ? String(value) : value;
const server = new McpServer({name: 'database', version: '1.0.0'});
const answer = (value, isError = false) =>
    ({content: [{type: 'text', text: JSON.stringify(value, plain)}], isError});
server.tool('list_tables', 'Tables of the database', {}, async () =>
    answer((await c.tables(null, null, null, 'TABLE')).map((t) => t.TABLE_NAME ?? t.table_name)
        .filter((n) => ['people', 'work'].includes(n)).sort()));
server.tool('query', 'Runs one SQL statement', {sql: z.string(), parameters: z.array(z.any()).optional()},
    async ({sql, parameters}) => {
        try {
            const rows = await c.query(sql, parameters ?? []);
            return answer({rows: [...rows], count: rows.count});
        } catch (e) {
            return answer(e.odbcErrors, true);
        }
    });
await server.connect(new StdioServerTransport());
