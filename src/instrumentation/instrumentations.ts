import type { TracedApplication } from '../context/traced-application.js';
import { versionOf } from '../records/package-version.js';
import { warnOnce } from '../records/warnings.js';
import { removeApplication } from './instrumented-applications.js';
import { checkIntegrations } from './integration-versions.js';
import { undoPatches } from './patch.js';
import { prepareWebSockets } from './websockets/websockets.js';

/** The instrumentation of a package. */
interface Instrumentation {
  /** Changes its classes before NestJS uses them. */
  readonly prepare?: (application: TracedApplication) => void | Promise<void>;
  /** Finds what an application has of it, once all of its modules are initialized. */
  readonly attach?: (application: TracedApplication) => void | Promise<void>;
}

/** By package. Each is loaded when the first application starts, so that importing the core is cheap. */
export const INSTRUMENTATIONS: Readonly<Record<string, () => Promise<Instrumentation>>> = {
  bull: async () => {
    const { prepareBull, attachBull } = await import('./bull/bull.js');
    return { prepare: prepareBull, attach: attachBull };
  },
  bullmq: async () => {
    const { prepareBullmq, attachBullmq } = await import('./bullmq/bullmq.js');
    return { prepare: prepareBullmq, attach: attachBullmq };
  },
  // Loaded with the core, as it asks for a class of NestJS: that has to be the application's own, and
  // a test runner may have dropped its modules in between.
  '@nestjs/websockets': () => Promise.resolve({ prepare: prepareWebSockets }),
  '@nestjs/schedule': async () => {
    const { prepareSchedule } = await import('./schedule/schedule.js');
    return { prepare: prepareSchedule };
  },
  cron: async () => {
    const { copiesOf, foundCopiesOf, requiredFiles } = await import('./clients/driver-modules.js');
    return {
      async prepare() {
        const cron = copiesOf('cron', requiredFiles(['cron']));
        const nodeCron = await foundCopiesOf('node-cron');
        if (cron.size + nodeCron.size === 0) return;
        const { traceCron, traceNodeCron } = await import('./schedule/node-cron.js');
        for (const copy of cron) traceCron(copy);
        for (const copy of nodeCron) traceNodeCron(copy);
      },
    };
  },
  'nest-commander': async () => {
    const { isLoaded } = await import('./clients/driver-modules.js');
    return {
      async prepare(application) {
        if (!isLoaded('nest-commander')) return;
        (await import('./commander/commander.js')).prepareCommander(application);
      },
    };
  },
  'pg-boss': async () => {
    const { foundCopiesOf } = await import('./clients/driver-modules.js');
    return {
      async prepare() {
        const copies = await foundCopiesOf('pg-boss');
        if (copies.size === 0) return;
        const { tracePgBoss } = await import('./pg-boss/pg-boss.js');
        for (const copy of copies) tracePgBoss(copy);
      },
      async attach(application) {
        const copies = await foundCopiesOf('pg-boss');
        if (copies.size === 0) return;
        (await import('./pg-boss/pg-boss.js')).attachPgBoss(application);
      },
    };
  },
  '@nestjs/cqrs': async () => {
    const { prepareCqrs } = await import('./cqrs/cqrs.js');
    return { prepare: prepareCqrs };
  },
  '@nestjs/microservices': async () => {
    const { prepareMicroservices } = await import('./microservices/microservices.js');
    return { prepare: prepareMicroservices };
  },
  '@golevelup/nestjs-rabbitmq': async () => {
    const { traceRabbitmq } = await import('./rabbitmq/rabbitmq.js');
    return { prepare: traceRabbitmq, attach: traceRabbitmq };
  },
  kafkajs: async () => {
    const { traceKafkajs } = await import('./kafkajs/kafkajs.js');
    return { prepare: traceKafkajs, attach: traceKafkajs };
  },
  '@modelcontextprotocol/sdk': async () => {
    const { prepareMcp, attachMcp } = await import('./mcp/mcp.js');
    return { prepare: prepareMcp, attach: attachMcp };
  },
  '@nestjs/graphql': async () => {
    const { attachGraphql } = await import('./graphql/graphql.js');
    const { noteExternalExceptions } = await import('./external-exceptions.js');
    return { prepare: noteExternalExceptions, attach: attachGraphql };
  },
  '@aws-sdk/client-sqs': async () => {
    const { isLoaded } = await import('./clients/driver-modules.js');
    const sqs = () => (isLoaded('@aws-sdk/client-sqs') ? import('./sqs/sqs.js') : undefined);
    return {
      prepare: async (application) => (await sqs())?.prepareSqs(application),
      attach: async (application) => (await sqs())?.attachSqs(application),
    };
  },
  'client libraries': async () => {
    const { prepareClients } = await import('./clients/clients.js');
    return { prepare: prepareClients, attach: prepareClients };
  },
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
  for (const [name, load] of Object.entries(INSTRUMENTATIONS)) {
    try {
      const instrumentation = loaded.get(name) ?? (await load());
      loaded.set(name, instrumentation);
      await instrumentation.prepare?.(application);
    } catch (error) {
      warnNotTraced(name, error);
    }
  }
}

/** Attaches to what the application has of them. */
export async function attachInstrumentations(application: TracedApplication): Promise<void> {
  for (const [name, { attach }] of loaded) {
    try {
      await attach?.(application);
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
