import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { traceQueue } from '../../../src/instrumentation/bullmq/queue.js';
import { tracedApp } from '../../support/traced-app.js';
import { spyOnWarnings } from '../../support/warnings.js';

const warn = spyOnWarnings();

const unsupported = (): string[] =>
  warn.mock.calls.map(([message]) => String(message)).filter((text) => text.includes('bull'));

@Controller()
class RootController {
  @Get()
  root() {
    return 'ok';
  }
}

describe("another package's module of the same name", () => {
  it('starts, and is not changed, without a warning', async () => {
    const processed: unknown[] = [];

    @Injectable()
    class BullExplorer {
      constructor(readonly moduleRef: ModuleRef) {}

      handleProcessor(instance: object): void {
        processed.push(instance);
      }
    }
    @Injectable()
    class BullRegistrar implements OnModuleInit {
      constructor(private readonly explorer: BullExplorer) {}

      onModuleInit(): void {
        this.register();
      }

      register(): void {
        this.explorer.handleProcessor({ welcome() {} });
      }
    }
    @Module({ providers: [BullExplorer, BullRegistrar] })
    class BullModule {
      static registerQueue(): void {}
    }
    const { handleProcessor } = BullExplorer.prototype;
    const { register } = BullRegistrar.prototype;
    const app = await tracedApp('express')
      .of({ imports: [BullModule], controllers: [RootController] })
      .start();
    expect((await app.send('/')).status).toBe(200);
    expect(processed).toHaveLength(1);
    expect(BullExplorer.prototype.handleProcessor).toBe(handleProcessor);
    expect(BullRegistrar.prototype.register).toBe(register);
    expect(unsupported()).toEqual([]);
  });
});

describe('a module of another package that registers queues of its own', () => {
  it('starts, and neither it nor its queue is changed', async () => {
    class Queue {
      add() {}
      process() {}
    }
    const queue = new Queue();
    @Module({ providers: [{ provide: 'QUEUE', useValue: queue }] })
    class BullModule {
      static registerQueue(): void {}
      static registerQueueAsync(): void {}
    }
    const { add, process } = Queue.prototype;
    const app = await tracedApp('express')
      .of({ imports: [BullModule], controllers: [RootController] })
      .start();
    expect((await app.send('/')).status).toBe(200);
    expect([queue.add, queue.process]).toEqual([add, process]);
    expect(Object.keys(queue)).toEqual([]);
    expect(unsupported()).toEqual([]);
  });
});

describe('what a provider holds', () => {
  it('is not changed when it is a queue of the older Bull, or no queue at all', () => {
    class OlderQueue {
      add() {}
      addBulk() {}
      getJobCounts() {}
      isReady() {}
    }
    const { add, addBulk } = OlderQueue.prototype;
    for (const provided of [new OlderQueue(), {}, 'a string', null, undefined]) {
      traceQueue(provided);
    }
    expect(OlderQueue.prototype.add).toBe(add);
    expect(OlderQueue.prototype.addBulk).toBe(addBulk);
    expect(unsupported()).toEqual([]);
  });

  it('causes one warning when it is a queue that adds jobs in another way', () => {
    class LaterQueue {
      addBulk() {}
      getJobCounts() {}
      waitUntilReady() {}
    }
    traceQueue(new LaterQueue());
    traceQueue(new LaterQueue());
    expect(unsupported()).toEqual([expect.stringMatching(/bullmq \d+\.\d+\.\d+ .*`add`/)]);
  });
});
