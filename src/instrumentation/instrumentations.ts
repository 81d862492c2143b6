import type { TracedApplication } from '../context/traced-application.js';
import { attachBullmq, prepareBullmq } from './bullmq/bullmq.js';
import { prepareCqrs } from './cqrs/cqrs.js';
import { attachGraphql } from './graphql/graphql.js';
import { attachMcp, prepareMcp } from './mcp/mcp.js';
import { prepareMicroservices } from './microservices/microservices.js';
import { prepareSchedule } from './schedule/schedule.js';
import { removeApplication } from './instrumented-applications.js';
import { undoPatches } from './patch.js';
import { prepareWebSockets } from './websockets/websockets.js';

/** Changes the classes of a package before NestJS uses them. */
type Prepare = (application: TracedApplication) => void | Promise<void>;
/** Finds what an application has of a package, once all of its modules are initialized. */
type Attach = (application: TracedApplication) => void;

const PREPARATIONS: readonly Prepare[] = [
  prepareBullmq,
  prepareWebSockets,
  prepareSchedule,
  prepareCqrs,
  prepareMicroservices,
  prepareMcp,
];
const ATTACHMENTS: readonly Attach[] = [attachBullmq, attachGraphql, attachMcp];

/** Prepares the packages that are installed, before NestJS connects the first listener. */
export async function prepareInstrumentations(application: TracedApplication): Promise<void> {
  for (const prepare of PREPARATIONS) await prepare(application);
}

/** Attaches to what the application has of them. */
export function attachInstrumentations(application: TracedApplication): void {
  for (const attach of ATTACHMENTS) attach(application);
}

/** Notes that an application has shut down. After the last one the packages are as they were. */
export function detachInstrumentations(application: TracedApplication): void {
  if (removeApplication(application)) undoPatches();
}
