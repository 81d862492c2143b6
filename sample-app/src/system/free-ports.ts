import { once } from 'node:events';
import { createServer } from 'node:net';
import { HOST, PORT_NAMES } from '../addresses.js';

// Below the ports that systems give to outgoing connections, one of which could take a port between
// this check and the start of the service.
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;

/** For each environment variable that names a port, a free one. */
export async function freePorts(): Promise<Record<string, string>> {
  const ports = new Set<number>();
  while (ports.size < PORT_NAMES.length) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (await isFree(port)) ports.add(port);
  }
  return Object.fromEntries(PORT_NAMES.map((name, index) => [name, String([...ports][index])]));
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, HOST);
  try {
    await once(server, 'listening');
  } catch {
    // Taken.
    return false;
  }
  await once(server.close(), 'close');
  return true;
}
