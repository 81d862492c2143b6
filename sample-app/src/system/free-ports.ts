import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { HOST, PORT_NAMES } from '../addresses.js';

/** For each environment variable that names a port, a free one. */
export async function freePorts(): Promise<Record<string, string>> {
  const servers = PORT_NAMES.map(() => createServer().listen(0, HOST));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return Object.fromEntries(PORT_NAMES.map((name, index) => [name, String(ports[index])]));
}
