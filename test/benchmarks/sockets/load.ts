import { Connection } from './connection.js';

/** As many requests are in flight at once. */
const usualConnections = 32;

/** `count` requests as fast as the server answers them: it never idles. */
export function saturate(
  port: number,
  count: number,
  connections = usualConnections,
): Promise<void> {
  return withConnections(port, connections, async (open) => {
    let sent = 0;
    const keepBusy = (connection: Connection) =>
      new Promise<void>((resolve, reject) => {
        const next = (error?: Error) => {
          if (error) reject(error);
          else if (sent === count) resolve();
          else connection.send({ id: requestId(sent++) }, next);
        };
        next();
      });
    await Promise.all(open.map(keepBusy));
  });
}

/**
 * `count` requests at a steady rate below saturation, as in production. A request that finds
 * every connection busy waits for the first that is not.
 */
export function sendAtRate(port: number, count: number, perSecond: number): Promise<void> {
  return withConnections(port, usualConnections, async (open) => {
    const idle = [...open];
    const startedAt = performance.now();
    let sent = 0;
    let answered = 0;
    let timer: NodeJS.Timeout | undefined;
    const send = (connection: Connection, settle: (error?: Error) => void) =>
      connection.send({ id: requestId(sent++) }, (error) => {
        idle.push(connection);
        if (error || ++answered === count) settle(error);
      });
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error) => (error ? reject(error) : resolve());
      timer = setInterval(() => {
        const due = Math.min(count, ((performance.now() - startedAt) / 1_000) * perSecond);
        for (let next = sent; next < due; next++) {
          const connection = idle.pop();
          if (connection === undefined) return;
          send(connection, settle);
        }
      }, 1);
    }).finally(() => clearInterval(timer));
  });
}

async function withConnections(
  port: number,
  connections: number,
  use: (open: Connection[]) => Promise<void>,
): Promise<void> {
  const open = await Connection.openAll(port, connections);
  const rest = stayAwake();
  try {
    await use(open);
  } finally {
    rest();
    for (const connection of open) connection.close();
  }
}

/**
 * Keeps this process from sleeping until the function that it returns is called. Waking a reader
 * that sleeps costs the one who writes to it 15 µs and more, and only the clients of the slower
 * servers find the time to sleep: the bare application would look cheaper than it is.
 */
function stayAwake(): () => void {
  let isAwake = true;
  const turn = () => isAwake && setImmediate(turn);
  turn();
  return () => {
    isAwake = false;
  };
}

/** As long as a UUID: what a proxy in front would send. */
function requestId(index: number): string {
  return `5f1c2a9e-7d3b-4c86-9a40-${index.toString(16).padStart(12, '0')}`;
}
