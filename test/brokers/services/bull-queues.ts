import { BullModule } from '@nestjs/bull';
import { TracingModule } from 'nestjs-tracing';

const { REDIS_URL = '', PREFIX = '', UNTRACED } = process.env;

/** What both sides of the queues of the older Bull have in common. */
export const BULL_MODULES = [
  ...(UNTRACED === undefined ? [TracingModule.forRoot({ logger: { level: 'debug' } })] : []),
  BullModule.forRoot({
    url: REDIS_URL,
    prefix: PREFIX,
    settings: { lockDuration: 1000, lockRenewTime: 300, stalledInterval: 500 },
  }),
  BullModule.registerQueue({ name: 'email' }, { name: 'ledger' }),
];
