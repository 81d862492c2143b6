import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compiledProgram } from '../../support/compiled-program.js';
import { type Line } from '../../support/line-sink.js';

const PROGRAM = compiledProgram('test/instrumentation/mcp/late.process.ts');
const START_MS = 30_000;
/** Nothing on Node 20 shows that an ES module is loaded. */
const SHOWS_IMPORTS = Number.parseInt(process.versions.node) >= 22;

const WAYS = ['require v1', 'require v2', 'import v1', 'import v2', 'import of what imports it'];

describe('an SDK that is loaded when the application runs', () => {
  it.each(WAYS.filter((way) => SHOWS_IMPORTS || way.startsWith('require')))(
    'is traced from its first message on: %s',
    async (way) => {
      const { NODE_OPTIONS: _, ...env } = process.env;
      const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM], {
        env: { ...env, KIND: way },
      });
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
      const calls = lines.filter((line) => line['mcp_tool'] === 'late');
      expect(calls).toHaveLength(1);
      expect(calls[0]).toMatchObject({ message: 'Message finished', outcome: 'completed' });
    },
    START_MS,
  );
});
