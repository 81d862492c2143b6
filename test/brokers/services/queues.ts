import { BullModule } from '@nestjs/bullmq';
import { TracingModule } from 'nestjs-tracing';
import { recordingTelemetry } from './recording-telemetry.js';

const { REDIS_URL = '', PREFIX = '', TELEMETRY } = process.env;

/** What both sides of the queues have in common. */
export const QUEUE_MODULES = [
  TracingModule.forRoot({ logger: { level: 'debug' } }),
  BullModule.forRoot({
    connection: { url: REDIS_URL },
    prefix: PREFIX,
    ...(TELEMETRY !== undefined && { telemetry: recordingTelemetry }),
  }),
  BullModule.registerQueue({ name: 'email' }, { name: 'ledger' }, { name: 'scoped' }),
  BullModule.registerFlowProducer({ name: 'flows' }),
];
