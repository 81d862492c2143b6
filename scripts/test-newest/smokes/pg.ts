import { Pool } from 'pg';
import { SERVER, smoke } from './smoke.js';

const { hostname: host, port } = new URL(SERVER || 'postgres://127.0.0.1:1');
const pool = new Pool({ host, port: Number(port), user: 'postgres', database: 'postgres', max: 2 });

await smoke({
  needsServer: true,
  work: (n) => pool.query('SELECT relname FROM pg_class WHERE relpages > $1 LIMIT 1', [n]),
  steps: [/^SELECT pg_class$/],
  after: () => pool.end(),
});
