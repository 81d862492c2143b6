import { describe, expect, it } from '@jest/globals';
import { startMoved, type MovedInternal } from '../support/moved-internal.js';

const TIMEOUT_MS = 30_000;

interface Case {
  readonly area: string;
  readonly gone: string;
  readonly moved: MovedInternal;
  /** The package that the warning names. */
  readonly named: string;
}

const member = (module: string, path: string): MovedInternal => ({ removed: [{ module, path }] });
const SDK = '@modelcontextprotocol/sdk';

const CASES: readonly Case[] = [
  {
    area: 'mcp',
    gone: 'Protocol.connect, version 1',
    moved: member(`${SDK}/shared/protocol.js`, 'Protocol.prototype.connect'),
    named: SDK,
  },
  {
    area: 'mcp',
    gone: 'Protocol.setNotificationHandler, version 1',
    moved: member(`${SDK}/shared/protocol.js`, 'Protocol.prototype.setNotificationHandler'),
    named: SDK,
  },
  {
    area: 'mcp',
    gone: 'StdioServerTransport.start, version 1',
    moved: member(`${SDK}/server/stdio.js`, 'StdioServerTransport.prototype.start'),
    named: SDK,
  },
  {
    area: 'mcp',
    gone: 'Protocol.connect of servers, version 2',
    moved: member('@modelcontextprotocol/server', 'Server.prototype.__proto__.connect'),
    named: '@modelcontextprotocol/server',
  },
  {
    area: 'mcp',
    gone: 'Protocol.connect of clients, version 2',
    moved: member('@modelcontextprotocol/client', 'Client.prototype.__proto__.connect'),
    named: '@modelcontextprotocol/client',
  },
  {
    area: 'schedule',
    gone: 'ScheduleExplorer.wrapFunctionInTryCatchBlocks',
    moved: member('@nestjs/schedule', 'ScheduleExplorer.prototype.wrapFunctionInTryCatchBlocks'),
    named: '@nestjs/schedule',
  },
  {
    area: 'schedule',
    gone: 'ScheduleExplorer.explore',
    moved: member('@nestjs/schedule', 'ScheduleExplorer.prototype.explore'),
    named: '@nestjs/schedule',
  },
  {
    area: 'schedule',
    gone: 'SchedulerRegistry.addCronJob',
    moved: member('@nestjs/schedule', 'SchedulerRegistry.prototype.addCronJob'),
    named: '@nestjs/schedule',
  },
  { area: 'schedule', gone: 'the functions of a cron job', moved: {}, named: 'cron' },
  {
    area: 'cqrs',
    gone: 'EventBus.register',
    moved: member('@nestjs/cqrs', 'EventBus.prototype.register'),
    named: '@nestjs/cqrs',
  },
  {
    area: 'cqrs',
    gone: 'EventBus.subject$',
    moved: member('@nestjs/cqrs', 'ObservableBus.prototype.subject$'),
    named: '@nestjs/cqrs',
  },
  {
    area: 'bullmq',
    gone: 'BullRegistrar.register',
    moved: member('@nestjs/bullmq', 'BullRegistrar.prototype.register'),
    named: '@nestjs/bullmq',
  },
  {
    area: 'bullmq',
    gone: 'WorkerHost.worker',
    moved: member('@nestjs/bullmq', 'WorkerHost.prototype.worker'),
    named: '@nestjs/bullmq',
  },
  { area: 'bullmq', gone: 'Worker.callProcessJob', moved: {}, named: 'bullmq' },
  {
    area: 'bull',
    gone: 'Queue.addBulk',
    moved: member('bull', 'default.prototype.addBulk'),
    named: 'bull',
  },
  {
    area: 'bull',
    gone: 'Job.fromJSON',
    moved: member('bull', 'default.Job.fromJSON'),
    named: 'bull',
  },
  {
    area: 'kafkajs',
    gone: 'Kafka.consumer',
    moved: member('kafkajs', 'default.Kafka.prototype.consumer'),
    named: 'kafkajs',
  },
  {
    area: 'kafkajs',
    gone: 'Kafka.logger',
    moved: member('kafkajs', 'default.Kafka.prototype.logger'),
    named: 'kafkajs',
  },
  {
    area: 'rabbitmq',
    gone: 'AmqpConnection.wrapConsumer',
    moved: member('@golevelup/nestjs-rabbitmq', 'AmqpConnection.prototype.wrapConsumer'),
    named: '@golevelup/nestjs-rabbitmq',
  },
  {
    area: 'rabbitmq',
    gone: 'AmqpConnection.handleBatchedMessages',
    moved: member('@golevelup/nestjs-rabbitmq', 'AmqpConnection.prototype.handleBatchedMessages'),
    named: '@golevelup/nestjs-rabbitmq',
  },
  {
    area: 'rabbitmq',
    gone: 'ExternalContextCreator.create',
    moved: member('@nestjs/core', 'ExternalContextCreator.prototype.create'),
    named: '@nestjs/core',
  },
];

describe('an application whose package has moved what is patched', () => {
  it.each(CASES)(
    'starts with one warning, and HTTP stays traced: $area without $gone',
    async ({ area, moved, named }) => {
      const app = `test/instrumentation/${area}/moved-app.ts`;
      const { warnings, otherWarnings, entries, status } = await startMoved(app, moved);
      expect(warnings).toEqual([expect.stringMatching(new RegExp(`${named} \\d+\\.\\d+\\.\\d+`))]);
      expect(otherWarnings).toEqual([]);
      expect(status).toBe(200);
      expect(entries).toContainEqual(
        expect.objectContaining({
          message: 'Request finished',
          trace_id: expect.stringMatching(/^[\da-f]{32}$/),
        }),
      );
    },
    TIMEOUT_MS,
  );
});
