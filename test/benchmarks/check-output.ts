import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from './sockets/connection.js';
import type { BenchmarkedNode } from './nodes.js';
import type { Platform } from './server-host.js';
import { ServerProcess } from './server-process.js';
import type { Variant } from './variant-list.js';
import { handlerMessages } from './workload.js';

const requests = 40;

/**
 * Says why a variant does not do the work that it is about to be timed for, or nothing: each of
 * forty overlapping requests has its lines, with what the handler logs three times, all with its id.
 *
 * @param afterwards is done with the server before it stops.
 */
export async function checkOutput(
  variant: Variant,
  platform: Platform,
  node: BenchmarkedNode,
  afterwards: (server: ServerProcess) => Promise<void> = async () => {},
): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-benchmark-'));
  const file = join(folder, 'output.log');
  const output = openSync(file, 'w');
  const ids = Array.from(
    { length: requests },
    (_, i) => `c0ffee${i.toString(16).padStart(26, '0')}`,
  );
  try {
    const server = await ServerProcess.start(variant, platform, {
      ...{ output, pace: 'staggered', node },
    });
    try {
      await sendTogether(server.port, ids);
      await afterwards(server);
    } finally {
      await server.stop();
    }
    return faultIn(readFileSync(file, 'utf8'), variant, ids);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    closeSync(output);
    rmSync(folder, { recursive: true });
  }
}

async function sendTogether(port: number, ids: string[]): Promise<void> {
  const connections = await Connection.openAll(port, ids.length);
  const sent = connections.map((connection, i) => {
    const id = ids[i] ?? '';
    // OpenTelemetry knows a request by its trace only: the same id in both headers.
    const headers = `traceparent: 00-${id}-00f067aa0ba902b7-01\r\n`;
    return promisify(connection.send.bind(connection))({ id, headers });
  });
  await Promise.all(sent).finally(() => connections.forEach((connection) => connection.close()));
}

function faultIn(written: string, variant: Variant, ids: string[]): string | undefined {
  const { idField, lines: expected = 4, shows } = variant;
  const lines = written.split('\n').filter((line) => line !== '');
  if (idField === undefined) {
    return lines.length === 0 ? undefined : `wrote ${lines.length} lines where none belong`;
  }
  const idOf = new Map(lines.map((line) => [line, valueAt(idField, JSON.parse(line))]));
  for (const id of ids) {
    const own = lines.filter((line) => idOf.get(line) === id);
    if (own.length !== expected) {
      return `${own.length} of ${expected} lines carry the id of a request (\`${idField}\`)`;
    }
    for (const message of handlerMessages) {
      if (own.filter((line) => line.includes(`"${message} 42"`)).length !== 1) {
        return `the line "${message}" is not there once for each request`;
      }
    }
    if (shows && !shows.test(own.at(-1)!)) return `the last line does not have ${shows}`;
  }
  return undefined;
}

function valueAt(path: string, entry: unknown): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], entry);
}
