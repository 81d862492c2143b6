import type { TracedApplication } from '../context/traced-application.js';
import { versionOf } from '../records/package-version.js';
import { warnOnce } from '../records/warnings.js';
import { attachBull, prepareBull } from './bull/bull.js';
import { attachBullmq, prepareBullmq } from './bullmq/bullmq.js';
import { prepareCqrs } from './cqrs/cqrs.js';
import { attachGraphql } from './graphql/graphql.js';
import { attachMcp, prepareMcp } from './mcp/mcp.js';
import { prepareMicroservices } from './microservices/microservices.js';
import { prepareSchedule } from './schedule/schedule.js';
import { removeApplication } from './instrumented-applications.js';
import { checkIntegrations } from './integration-versions.js';
import { undoPatches } from './patch.js';
import { prepareWebSockets } from './websockets/websockets.js';

/** The instrumentation of a package. */
interface Instrumentation {
  /** The package that it is for. */
  readonly package: string;
  /** Changes its classes before NestJS uses them. */
  readonly prepare?: (application: TracedApplication) => void | Promise<void>;
  /** Finds what an application has of it, once all of its modules are initialized. */
  readonly attach?: (application: TracedApplication) => void;
}

const INSTRUMENTATIONS: readonly Instrumentation[] = [
  { package: 'bull', prepare: prepareBull, attach: attachBull },
  { package: 'bullmq', prepare: prepareBullmq, attach: attachBullmq },
  { package: '@nestjs/websockets', prepare: prepareWebSockets },
  { package: '@nestjs/schedule', prepare: prepareSchedule },
  { package: '@nestjs/cqrs', prepare: prepareCqrs },
  { package: '@nestjs/microservices', prepare: prepareMicroservices },
  { package: '@modelcontextprotocol/sdk', prepare: prepareMcp, attach: attachMcp },
  { package: '@nestjs/graphql', attach: attachGraphql },
];

/** Prepares the packages that are installed, before NestJS connects the first listener. */
export async function prepareInstrumentations(application: TracedApplication): Promise<void> {
  try {
    checkIntegrations(application.modules);
  } catch {
    // Its modules have another shape, of which each instrumentation warns.
  }
  for (const { package: name, prepare } of INSTRUMENTATIONS) {
    try {
      await prepare?.(application);
    } catch (error) {
      warnNotTraced(name, error);
    }
  }
}

/** Attaches to what the application has of them. */
export function attachInstrumentations(application: TracedApplication): void {
  for (const { package: name, attach } of INSTRUMENTATIONS) {
    try {
      attach?.(application);
    } catch (error) {
      warnNotTraced(name, error);
    }
  }
}

/** The last resort: whatever a package throws, the application starts without its tracing. */
function warnNotTraced(name: string, error: unknown): void {
  const version = versionOf(name) ?? 'of an unknown version';
  warnOnce('TRACING_UNSUPPORTED', `${name} ${version} is not traced`, error, name);
}

/** Notes that an application has shut down. After the last one the packages are as they were. */
export function detachInstrumentations(application: TracedApplication): void {
  if (removeApplication(application)) undoPatches();
}
