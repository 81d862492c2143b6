import type { TracedApplication } from '../context/traced-application.js';
import { versionOf } from '../records/package-version.js';
import { warnOnce } from '../records/warnings.js';
import { queuesOf } from './bullmq/provided-queues.js';
import { prepareClients } from './clients/clients.js';
import { copiesOf, foundCopiesOf, isLoaded, requiredFiles } from './clients/driver-modules.js';
import { noteExternalExceptions } from './external-exceptions.js';
import { hasDriver } from './graphql/provided-drivers.js';
import { removeApplication } from './instrumented-applications.js';
import {
  checkIntegrations,
  hasModule,
  isBullModule,
  isBullmqModule,
  named,
} from './integration-versions.js';
import { attachMcp, prepareMcp } from './mcp/mcp.js';
import { loadMicroservices } from './microservices/load-microservices.js';
import { undoPatches } from './patch.js';
import { hasMethods, providedObjects } from './provided-class.js';
import { traceRabbitmq } from './rabbitmq/rabbitmq.js';
import { prepareWebSockets } from './websockets/websockets.js';

/** The instrumentation of a package. */
interface Instrumentation {
  /** Changes its classes before NestJS uses them. */
  readonly prepare?: (application: TracedApplication) => void | Promise<void>;
  /** Finds what an application has of it, once all of its modules are initialized. */
  readonly attach?: (application: TracedApplication) => void | Promise<void>;
}

/** Where the instrumentation of a package is. */
interface Source {
  /**
   * Whether an application has anything of the package. It is asked before it is prepared and again
   * before it is attached to. Absent for what is loaded with the core, or loads what it needs itself.
   */
  readonly isUsed?: (application: TracedApplication) => boolean | Promise<boolean>;
  readonly load: () => Instrumentation | Promise<Instrumentation>;
}

/**
 * By package. What an application does not use is not loaded, as each file costs its start a
 * millisecond or two. What most need, or look for in other ways than by a module, is in the core.
 */
export const INSTRUMENTATIONS: Readonly<Record<string, Source>> = {
  bull: {
    isUsed: ({ modules }) =>
      hasModule(modules, isBullModule) || providesMethod(modules, 'whenCurrentJobsFinished'),
    load: async () => {
      const { prepareBull, attachBull } = await import('./bull/bull.js');
      return { prepare: prepareBull, attach: attachBull };
    },
  },
  bullmq: {
    isUsed: ({ modules }) =>
      hasModule(modules, isBullmqModule) || queuesOf(modules).next().done !== true,
    load: async () => {
      const { prepareBullmq, attachBullmq } = await import('./bullmq/bullmq.js');
      return { prepare: prepareBullmq, attach: attachBullmq };
    },
  },
  // Loaded with the core, as it asks for a class of NestJS: that has to be the application's own, and
  // a test runner may have dropped its modules in between.
  '@nestjs/websockets': { load: () => ({ prepare: prepareWebSockets }) },
  '@nestjs/schedule': {
    isUsed: ({ modules }) => hasModule(modules, named('ScheduleModule')),
    load: async () => {
      const { prepareSchedule } = await import('./schedule/schedule.js');
      return { prepare: prepareSchedule };
    },
  },
  cron: {
    load: () => ({
      async prepare() {
        const cron = copiesOf('cron', requiredFiles(['cron']));
        const nodeCron = await foundCopiesOf('node-cron');
        if (cron.size + nodeCron.size === 0) return;
        const { traceCron, traceNodeCron } = await import('./schedule/node-cron.js');
        for (const copy of cron) traceCron(copy);
        for (const copy of nodeCron) traceNodeCron(copy);
      },
    }),
  },
  'nest-commander': {
    isUsed: () => isLoaded('nest-commander'),
    load: async () => {
      const { prepareCommander } = await import('./commander/commander.js');
      return { prepare: prepareCommander };
    },
  },
  'pg-boss': {
    isUsed: async () => (await foundCopiesOf('pg-boss')).size > 0,
    load: async () => {
      const { tracePgBoss, attachPgBoss } = await import('./pg-boss/pg-boss.js');
      return {
        async prepare() {
          for (const copy of await foundCopiesOf('pg-boss')) tracePgBoss(copy);
        },
        attach: attachPgBoss,
      };
    },
  },
  '@nestjs/cqrs': {
    isUsed: ({ modules }) => hasModule(modules, named('CqrsModule')),
    load: async () => {
      const { prepareCqrs } = await import('./cqrs/cqrs.js');
      return { prepare: prepareCqrs };
    },
  },
  // NestJS itself loads the package wherever it is installed, so asking for it costs nothing.
  '@nestjs/microservices': {
    isUsed: async () => (await loadMicroservices()) !== undefined,
    load: async () => {
      const { prepareMicroservices } = await import('./microservices/microservices.js');
      return { prepare: prepareMicroservices };
    },
  },
  '@golevelup/nestjs-rabbitmq': { load: () => ({ prepare: traceRabbitmq, attach: traceRabbitmq }) },
  kafkajs: {
    isUsed: () => copiesOf('kafkajs', requiredFiles(['kafkajs'])).size > 0,
    load: async () => {
      const { traceKafkajs } = await import('./kafkajs/kafkajs.js');
      return { prepare: traceKafkajs, attach: traceKafkajs };
    },
  },
  '@modelcontextprotocol/sdk': { load: () => ({ prepare: prepareMcp, attach: attachMcp }) },
  // For handlers of all packages that NestJS has no class of its own for.
  '@nestjs/core': { load: () => ({ prepare: noteExternalExceptions }) },
  '@nestjs/graphql': {
    isUsed: ({ modules }) => hasDriver(modules),
    load: async () => {
      const { attachGraphql } = await import('./graphql/graphql.js');
      return { attach: attachGraphql };
    },
  },
  '@aws-sdk/client-sqs': {
    isUsed: () => isLoaded('@aws-sdk/client-sqs'),
    load: async () => {
      const { prepareSqs, attachSqs } = await import('./sqs/sqs.js');
      return { prepare: prepareSqs, attach: attachSqs };
    },
  },
  'client libraries': { load: () => ({ prepare: prepareClients, attach: prepareClients }) },
};

/** Those that are loaded, by package. */
const loaded = new Map<string, Instrumentation>();

/** Prepares the packages that are installed, before NestJS connects the first listener. */
export async function prepareInstrumentations(application: TracedApplication): Promise<void> {
  try {
    checkIntegrations(application.modules);
  } catch {
    // Its modules have another shape, of which each instrumentation warns.
  }
  for (const [name, source] of Object.entries(INSTRUMENTATIONS)) {
    try {
      await (await used(name, source, application))?.prepare?.(application);
    } catch (error) {
      warnNotTraced(name, error);
    }
  }
}

/** The instrumentation of a package, where this or an earlier application uses it. */
async function used(
  name: string,
  { isUsed, load }: Source,
  application: TracedApplication,
): Promise<Instrumentation | undefined> {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  if (isUsed !== undefined && !(await isUsed(application))) return undefined;
  const instrumentation = await load();
  loaded.set(name, instrumentation);
  return instrumentation;
}

/** Attaches to what the application has of them. */
export async function attachInstrumentations(application: TracedApplication): Promise<void> {
  for (const [name, source] of Object.entries(INSTRUMENTATIONS)) {
    try {
      await (await used(name, source, application))?.attach?.(application);
    } catch (error) {
      warnNotTraced(name, error);
    }
  }
}

/** Whether an application provides an object with a method. */
function providesMethod(modules: TracedApplication['modules'], name: string): boolean {
  for (const provided of providedObjects(modules)) if (hasMethods(provided, name)) return true;
  return false;
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
