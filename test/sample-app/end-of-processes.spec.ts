import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePorts } from '../../sample-app/src/system/free-ports.js';
import { compiledProgram } from '../support/compiled-program.js';
import { eventually } from '../support/line-sink.js';
import { ServiceProcess } from '../support/service-process.js';

/** A busy machine is slow, not broken. */
const LONG_MS = 300_000;
const SERVICES = ['feed', 'gateway', 'ledger', 'mcp', 'nightly', 'worker'];

const started = new Set<number>();

afterEach(() => {
  for (const pid of [...started].filter(isAlive)) process.kill(pid, 'SIGKILL');
  started.clear();
});

describe('the system', () => {
  it(
    'ends all its processes on Ctrl+C',
    async () => {
      const ports = await freePorts();
      // What the system starts by its name.
      compiledProgram('sample-app/src/system/end-with-parent.ts');
      for (const service of SERVICES) compiledProgram(`sample-app/src/${service}/main.ts`);
      const system = spawn(process.execPath, [compiledProgram('sample-app/src/main.ts')], {
        env: { ...process.env, ...ports },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      started.add(system.pid!);
      let said = '';
      for await (const chunk of system.stdout.iterator({ destroyOnReturn: false })) {
        said += String(chunk);
        if (said.includes('until Ctrl+C')) break;
      }
      system.stdout.resume();
      const before = await listening(ports);
      system.kill('SIGINT');
      const [code] = (await once(system, 'exit')) as [number | null];

      expect(before).toEqual(Object.keys(ports));
      expect(await listening(ports)).toEqual([]);
      expect(code).toBe(0);
    },
    LONG_MS,
  );
});

describe('a process of the system', () => {
  it('ends with its parent, however that ends', async () => {
    const parent = await ServiceProcess.start('test/sample-app/parent.ts');
    const pid = Number(parent.ready['pid']);
    started.add(pid);
    expect(isAlive(pid)).toBe(true);
    await parent.stop('SIGKILL');

    await eventually(() => !isAlive(pid), 'the end of the process');
  });
});

/** The names of the ports that are in use. */
async function listening(ports: Readonly<Record<string, string>>): Promise<string[]> {
  const names = await Promise.all(
    Object.entries(ports).map(async ([name, port]) => {
      const socket = connect(Number(port), '127.0.0.1');
      const isThere = await once(socket, 'connect').then(
        () => true,
        () => false,
      );
      socket.destroy();
      return isThere ? [name] : [];
    }),
  );
  return names.flat();
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
