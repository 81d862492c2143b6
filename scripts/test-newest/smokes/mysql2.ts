import { createPool } from 'mysql2/promise';
import { SERVER, smoke } from './smoke.js';

const { hostname: host, port } = new URL(SERVER || 'mysql://127.0.0.1:1');
const pool = createPool({ host, port: Number(port), user: 'root', connectionLimit: 2 });

await smoke({
  needsServer: true,
  work: async (n) => {
    await pool.query('SELECT help_topic_id FROM mysql.help_topic WHERE help_topic_id = ?', [n]);
    await pool.execute('SELECT name FROM mysql.help_keyword WHERE help_keyword_id = ?', [n]);
  },
  steps: [/^SELECT .*help_topic/, /^SELECT .*help_keyword/],
  after: () => pool.end(),
});
