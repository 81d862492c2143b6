import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Module, Param } from '@nestjs/common';
import { PinoLogger, LoggerModule } from 'nestjs-pino';
import { pino } from 'pino';
import { TraceContext, traceFields } from '../../src/index.js';
import { eventually, LineSink, type Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import { overlapRequests, pause, say, type Answer } from './overlapping-requests.js';

// Applications that log with pino too: a library of theirs does, or they are about to change.

/** Those that pino wrote with the ids of another request, or without. */
function wrongOf(lines: readonly Line[], answers: readonly Answer[]): Line[] {
  return lines.filter((line) => {
    const answer = answers[Number(line['n'])];
    return line.request_id !== answer?.requestId || line.trace_id !== answer.traceId;
  });
}

describe.each(PLATFORMS)('pino beside winston on %s', (platform) => {
  it('has the same ids with traceFields() as its mixin', async () => {
    const pinoLines = new LineSink();
    const logger = pino({ mixin: () => traceFields() }, pinoLines);

    @Injectable()
    class Orders {
      async pack(n: number): Promise<void> {
        logger.info({ n }, 'packing');
        await pause();
        logger.child({ part: 'child' }).warn({ n }, 'packed');
      }
    }

    @Controller()
    class OrdersController {
      constructor(
        private readonly orders: Orders,
        private readonly trace: TraceContext,
      ) {}

      @Get('orders/:n')
      async list(@Param('n') n: string): Promise<string> {
        this.trace.set('own', `own-${n}`);
        say(n, 'listing');
        await this.orders.pack(Number(n));
        say(n, 'listed');
        return n;
      }
    }

    const app = await tracedApp(platform)
      .of({ providers: [Orders], controllers: [OrdersController] })
      .start();
    const { answers } = await overlapRequests(app, {
      path: (n) => `/orders/${n}`,
      lines: () => 2,
    });
    expect(pinoLines.lines).toHaveLength(2 * answers.length);
    expect(wrongOf(pinoLines.lines, answers)).toEqual([]);
    const others = pinoLines.lines.filter((line) => line['own'] !== `own-${Number(line['n'])}`);
    expect(others).toEqual([]);

    // Outside of a request, nothing is made up and nothing throws.
    pinoLines.clear();
    logger.info('outside');
    const [outside] = pinoLines.lines;
    expect(outside).toMatchObject({ msg: 'outside' });
    expect(outside).not.toHaveProperty('request_id');
  });
});

// On Fastify with NestJS 12, nestjs-pino does not mount its middleware, with or without the module.
describe('nestjs-pino beside winston on express', () => {
  it('has the same request ids', async () => {
    const pinoLines = new LineSink();

    @Controller()
    class CartsController {
      constructor(
        private readonly pinoLogger: PinoLogger,
        private readonly trace: TraceContext,
      ) {}

      @Get('carts/:n')
      async show(@Param('n') n: string): Promise<string> {
        this.trace.set('own', `own-${n}`);
        say(n, 'showing');
        this.pinoLogger.info({ n: Number(n) }, 'showing with pino');
        await pause();
        this.pinoLogger.info({ n: Number(n) }, 'shown with pino');
        say(n, 'shown');
        return n;
      }
    }

    @Module({
      imports: [
        LoggerModule.forRoot({
          pinoHttp: { stream: pinoLines, mixin: () => traceFields(), level: 'info' },
        }),
      ],
      controllers: [CartsController],
    })
    class CartsModule {}

    const app = await tracedApp('express')
      .of({ imports: [CartsModule] })
      .start();
    const { answers } = await overlapRequests(app, {
      path: (n) => `/carts/${n}`,
      lines: () => 2,
    });
    const count = 3 * answers.length;
    await eventually(() => pinoLines.lines.length >= count, `${count} lines of pino`);
    const requestOf = (line: Line): { id?: string; url?: string } =>
      line['req'] as { id?: string; url?: string };
    const own = pinoLines.lines.filter(({ n }) => n !== undefined);
    expect(own).toHaveLength(2 * answers.length);
    expect(wrongOf(own, answers)).toEqual([]);
    // All of them, `request completed` among them, name the request as winston's lines do.
    const others = pinoLines.lines.filter((line) => {
      const { id, url } = requestOf(line);
      return id !== answers[Number(/\d+/.exec(url ?? '')?.[0])]?.requestId;
    });
    expect(others.slice(0, 2)).toEqual([]);
  });
});
