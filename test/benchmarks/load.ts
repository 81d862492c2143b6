import { Connection } from './connection.js';

const connections = 32;

/** `count` requests as fast as the server answers them: it never idles. */
export async function saturate(port: number, count: number): Promise<void> {
  const open = await Connection.openAll(port, connections);
  let sent = 0;
  const work = (connection: Connection) =>
    new Promise<void>((resolve, reject) => {
      const next = (error?: Error) => {
        if (error) reject(error);
        else if (sent === count) resolve();
        else connection.send({ id: requestId(sent++) }, next);
      };
      next();
    });
  await Promise.all(open.map(work)).finally(() => closeAll(open));
}

/**
 * `count` requests at a steady rate below saturation, as a service lives. A request that finds
 * every connection busy waits for the first that is not.
 */
export async function sendAtRate(port: number, count: number, perSecond: number): Promise<void> {
  const open = await Connection.openAll(port, connections);
  const idle = [...open];
  const startedAt = performance.now();
  let sent = 0;
  let answered = 0;
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve, reject) => {
    const sendDue = () => {
      const due = Math.min(count, ((performance.now() - startedAt) / 1000) * perSecond);
      for (let free = idle.pop(); free !== undefined; free = idle.pop()) {
        if (sent >= due) {
          idle.push(free);
          return;
        }
        const connection = free;
        connection.send({ id: requestId(sent++) }, (error) => {
          idle.push(connection);
          if (error) reject(error);
          else if (++answered === count) resolve();
        });
      }
    };
    timer = setInterval(sendDue, 1);
  }).finally(() => {
    clearInterval(timer);
    closeAll(open);
  });
}

function closeAll(open: Connection[]): void {
  for (const connection of open) connection.close();
}

/** As long as a UUID: what a proxy in front would send. */
function requestId(index: number): string {
  return `5f1c2a9e-7d3b-4c86-9a40-${index.toString(16).padStart(12, '0')}`;
}
