import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';

/** Reads a stream as a page does that is open, into `read`. Returns what closes it. */
export async function openPage(
  port: number,
  path: string,
  read: (text: string) => void = () => {},
): Promise<() => void> {
  // Where the viewer keeps the token of a project.
  const token = readFileSync('node_modules/.cache/nestjs-tracing/viewer-token', 'utf8');
  const headers = { authorization: `Bearer ${token}` };
  const request = get({ host: '127.0.0.1', port, path, headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`The page answered ${response.statusCode}`);
  response.setEncoding('latin1').on('data', read);
  return () => response.destroy();
}
