import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StartedBroker } from './started-broker.js';

/** Where tests stop and start the brokers that were started for them: `POST /redis/stop`. */
export async function openControl(
  started: readonly StartedBroker[],
): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    const [, name, action] = (request.url ?? '').split('/');
    const found = started.find(({ broker }) => broker.name === name);
    const answer = (status: number): unknown => response.writeHead(status).end();
    // A broker that was running already is not stopped.
    if (found === undefined) return answer(404);
    const done = action === 'stop' ? found.stop() : found.start();
    return done.then(
      () => answer(204),
      () => answer(500),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
