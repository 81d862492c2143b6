import type { TransportHost } from '../context/work.js';
import { attachBullmq, prepareBullmq } from './bullmq/bullmq.js';
import { prepareCqrs } from './cqrs/cqrs.js';
import { attachGraphql } from './graphql/graphql.js';
import { attachMcp, prepareMcp } from './mcp/mcp.js';
import { prepareMicroservices } from './microservices/microservices.js';
import { prepareSchedule } from './schedule/schedule.js';
import { addHost, removeHost } from './transport-hosts.js';
import { prepareWebSockets } from './websockets/websockets.js';

/** Changes the classes of a package before NestJS uses them. */
type Prepare = (host: TransportHost) => void | Promise<void>;
/** Finds what an application has of a package, once all of it is there. */
type Attach = (host: TransportHost) => void;

const PREPARATIONS: readonly Prepare[] = [
  prepareBullmq,
  prepareWebSockets,
  prepareSchedule,
  prepareCqrs,
  prepareMicroservices,
  prepareMcp,
];
const ATTACHMENTS: readonly Attach[] = [attachBullmq, attachGraphql, attachMcp];

/** Readies what is installed, before NestJS connects the first listener. */
export async function prepareTransports(host: TransportHost): Promise<TransportHost> {
  // An application that imports the module twice is prepared once.
  if (addHost(host)) for (const prepare of PREPARATIONS) await prepare(host);
  return host;
}

/** Finds what is there. */
export function attachTransports(host: TransportHost): void {
  for (const attach of ATTACHMENTS) attach(host);
}

/** Notes that an application has shut down. */
export function detachTransports(host: TransportHost): void {
  removeHost(host);
}
