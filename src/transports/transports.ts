import type { TransportHost } from '../context/work.js';
import { addHost } from './transport-hosts.js';

/** Changes the classes of a package before NestJS uses them. */
type Prepare = (host: TransportHost) => void | Promise<void>;
/** Finds what an application has of a package, once all of it is there. */
type Attach = (host: TransportHost) => void;

const PREPARATIONS: readonly Prepare[] = [];
const ATTACHMENTS: readonly Attach[] = [];

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
