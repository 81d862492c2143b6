import { Logger } from '@nestjs/common';
import { load, SERVER, smoke } from './smoke.js';

interface Boss {
  on(event: 'error', listener: (error: unknown) => void): void;
  start(): Promise<unknown>;
  createQueue(name: string): Promise<unknown>;
  work(
    name: string,
    options: object,
    handler: (jobs: { data: { n: number } }[]) => Promise<void>,
  ): Promise<unknown>;
  send(name: string, data: object): Promise<unknown>;
  stop(options: object): Promise<unknown>;
}

const { PgBoss } = await load<{ PgBoss: new (options: object) => Boss }>('pg-boss');
const { hostname: host, port } = new URL(SERVER || 'postgres://127.0.0.1:1');
const boss = new PgBoss({ host, port: Number(port), user: 'postgres', database: 'postgres' });
boss.on('error', (error) => console.error(error));
const logger = new Logger('Mail');

await smoke({
  needsServer: true,
  metadata: { providers: [{ provide: PgBoss, useValue: boss }] },
  prepared: async (app) => {
    if (SERVER === '') return;
    await app.init();
    await boss.start();
    await boss.createQueue('mail');
    await boss.work('mail', { pollingIntervalSeconds: 0.5 }, async ([job]) =>
      logger.log(`mailing ${job?.data.n}`),
    );
  },
  work: (n) => boss.send('mail', { n }),
  lines: [{ message: /^mailing \d$/ }, { message: 'Job finished', outcome: 'completed' }],
  after: () => (SERVER === '' ? undefined : boss.stop({ graceful: false })),
});
