import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';

/** Reads a stream as a page does that is open. Returns what closes it. */
export async function openPage(port: number, path: string): Promise<() => void> {
  const request = get({ host: '127.0.0.1', port, path });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`The page answered ${response.statusCode}`);
  response.resume();
  return () => response.destroy();
}
