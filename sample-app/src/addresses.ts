/** The host on which the services reach each other. */
export const HOST = '127.0.0.1';

/** The host on which services called from outside listen: `0.0.0.0` opens them to the network. */
export const LISTEN_HOST = process.env.LISTEN_HOST ?? HOST;

/** The port of each service: for browsers and assistants, and for the messages of the others. */
const DEFAULT_PORTS = {
  GATEWAY_PORT: 3000,
  FEED_PORT: 3001,
  MCP_PORT: 3002,
  WORKER_MESSAGES_PORT: 3010,
  LEDGER_MESSAGES_PORT: 3011,
  FEED_MESSAGES_PORT: 3012,
};

export type PortName = keyof typeof DEFAULT_PORTS;

export const PORT_NAMES = Object.keys(DEFAULT_PORTS) as readonly PortName[];

/** The port of that environment variable. */
export function portOf(name: PortName): number {
  return Number(process.env[name] ?? DEFAULT_PORTS[name]);
}
