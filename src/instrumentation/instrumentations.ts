import type { TracedApplication } from '../context/unit-of-work.js';
import { attachBullmq, prepareBullmq } from './bullmq/bullmq.js';
import { prepareCqrs } from './cqrs/cqrs.js';
import { attachGraphql } from './graphql/graphql.js';
import { attachMcp, prepareMcp } from './mcp/mcp.js';
import { prepareMicroservices } from './microservices/microservices.js';
import { prepareSchedule } from './schedule/schedule.js';
import { addApplication, removeApplication } from './instrumented-applications.js';
import { undoPatches } from './patch.js';
import { prepareWebSockets } from './websockets/websockets.js';

/** Changes the classes of a package before NestJS uses them. */
type Prepare = (host: TracedApplication) => void | Promise<void>;
/** Finds what an application has of a package, once all of it is there. */
type Attach = (host: TracedApplication) => void;

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
export async function prepareInstrumentations(host: TracedApplication): Promise<TracedApplication> {
  // An application that imports the module twice is prepared once.
  if (addApplication(host)) for (const prepare of PREPARATIONS) await prepare(host);
  return host;
}

/** Finds what is there. */
export function attachInstrumentations(host: TracedApplication): void {
  for (const attach of ATTACHMENTS) attach(host);
}

/** Notes that an application has shut down. Behind the last one the packages are as they were. */
export function detachInstrumentations(host: TracedApplication): void {
  if (removeApplication(host)) undoPatches();
}
