import { describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  Get,
  HttpException,
  Injectable,
  Param,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { BehaviorSubject, map, of, type Observable } from 'rxjs';
import { Span, TraceContext, type Step, type TracingModuleOptions } from '../../src/index.js';
import { PLATFORMS, tracedApp, type Platform } from '../support/traced-app.js';

const TAG = Symbol('tag');

@Injectable()
class MessagesRepository {
  async find(): Promise<string[]> {
    await sleep(2);
    throw new Error('Database timeout');
  }
}

abstract class BaseService {
  greet(): string {
    return `I am ${this.constructor.name}`;
  }
}

@Injectable()
class MessagesService extends BaseService {
  #secret = 17;

  constructor(private readonly repository: MessagesRepository) {
    super();
  }

  get broken(): never {
    throw new Error('nobody may read this');
  }

  [TAG](): string {
    return 'symbol';
  }

  list(): Promise<string[]> {
    return this.repository.find();
  }

  reveal(): number {
    return this.#secret;
  }

  tagged(): string {
    return this[TAG]();
  }

  @Span('a name of its own')
  named(): number {
    return 1;
  }

  greetLoudly(): string {
    return this.greet().toUpperCase();
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  readonly born = performance.now();

  age(): number {
    return performance.now() - this.born;
  }
}

@Injectable()
class Bus extends EventEmitter {
  readonly state = new BehaviorSubject(1);

  states(): BehaviorSubject<number> {
    return this.state;
  }

  query(): PromiseLike<number> & { where: () => unknown } {
    const query = {
      where: () => query,
      // oxlint-disable-next-line unicorn/no-thenable
      then: (done?: ((value: number) => any) | null) => Promise.resolve(done?.(7)),
    };
    return query as never;
  }
}

/** What hangs on a prototype is not always a method. */
class Entity {
  readonly kind = 'entity';
}

@Injectable()
class Trees {
  declare readonly Entity: new () => Entity;

  depth(levels: number): number {
    return levels === 0 ? 0 : 1 + this.depth(levels - 1);
  }

  make(): string {
    return new this.Entity().kind;
  }
}
Object.defineProperty(Trees.prototype, 'Entity', {
  value: Entity,
  writable: true,
  configurable: true,
});

@Injectable()
class Guard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

@Injectable()
class Pipe implements PipeTransform {
  transform(value: string): string {
    return value;
  }
}

@Injectable()
class Interceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value: unknown) => value));
  }
}

@Catch(HttpException)
class Filter implements ExceptionFilter {
  catch(error: HttpException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<{
      status(code: number): { send(body: unknown): void };
    }>();
    response.status(error.getStatus()).send({ filtered: true });
  }
}

@Controller()
@UseGuards(Guard)
@UseInterceptors(Interceptor)
@UseFilters(Filter)
class MessagesController {
  constructor(
    private readonly messages: MessagesService,
    private readonly perRequest: PerRequest,
    private readonly bus: Bus,
    private readonly trees: Trees,
  ) {}

  @Get('fails')
  list(): Promise<string[]> {
    return this.messages.list();
  }

  @Get('filtered/:id')
  filtered(@Param('id', Pipe) id: string): never {
    throw new HttpException(id, 500);
  }

  @Get('odd')
  async odd(): Promise<unknown> {
    const { bus, messages } = this;
    const query = bus.query();
    return {
      secret: messages.reveal() * messages.named(),
      symbol: messages.tagged(),
      inherited: messages.greet(),
      through: messages.greetLoudly(),
      isYoung: this.perRequest.age() < 1000,
      subject: bus.states() === bus.state && bus.states().getValue(),
      chained: query.where() === query,
      value: await query,
      emits: bus.emit('nothing'),
      ownEmit: Object.hasOwn(Bus.prototype, 'emit'),
      made: this.trees.make(),
    };
  }

  @Get('deep')
  deep(): number {
    return this.trees.depth(2500);
  }

  @Get('stream')
  stream(): Observable<number> {
    return of(1, 2);
  }
}

const messages = {
  controllers: [MessagesController],
  providers: [
    MessagesService,
    MessagesRepository,
    PerRequest,
    Bus,
    Trees,
    Guard,
    Interceptor,
    Pipe,
  ],
};

async function stepsOf(platform: Platform, path: string, options: TracingModuleOptions) {
  const { app, send, sink } = await tracedApp(platform).with(options).of(messages).start();
  const response = await send(path);
  const [line] = await sink.finishes(1);
  return {
    app,
    response,
    line: line!,
    names: ((line!['steps'] ?? []) as Step[]).map((step) => step.name),
  };
}

const AUTO = { spans: { auto: true } } as const;
/** So that the line of a successful request has steps too. */
const ALWAYS = { accessLog: { slowerThan: 0 } } as const;

describe.each(PLATFORMS)('spans.auto on %s', (platform) => {
  it('has the spans of a failure as steps: controller, service, repository, the failed ones marked', async () => {
    const { line } = await stepsOf(platform, '/fails', AUTO);
    const steps = line['steps'] as Step[];
    const listed = steps.filter(({ name }) => /list|find/.test(name));
    expect(listed.map(({ name, failed, depth }) => [name, failed, depth])).toEqual([
      ['MessagesController.list', true, expect.any(Number)],
      ['MessagesService.list', true, expect.any(Number)],
      ['MessagesRepository.find', true, expect.any(Number)],
    ]);
    expect(listed.every(({ duration_ms: ms }) => ms! >= 1)).toBe(true);
    expect(line['handler']).toBe('MessagesController.list');
  });

  it('has guards, pipes, interceptors and filters', async () => {
    const { names, response, line } = await stepsOf(platform, '/filtered/7', AUTO);
    expect(await response.json()).toEqual({ filtered: true });
    expect(names).toEqual([
      'Guard.canActivate',
      'Interceptor.intercept',
      'Pipe.transform',
      'MessagesController.filtered',
      'Filter.catch',
    ]);
    expect(line).toMatchObject({ route: '/filtered/:id', handler: 'MessagesController.filtered' });
  });

  it('changes nothing in what methods do', async () => {
    const { response, names } = await stepsOf(platform, '/odd', { ...AUTO, ...ALWAYS });
    expect(await response.json()).toEqual({
      secret: 17,
      symbol: 'symbol',
      inherited: 'I am MessagesService',
      through: 'I AM MESSAGESSERVICE',
      isYoung: true,
      subject: 1,
      chained: true,
      value: 7,
      emits: false,
      ownEmit: false,
      made: 'entity',
    });
    // What its author has made a span is one, and not two.
    expect(names).toContain('a name of its own');
    expect(names).not.toContain('MessagesService.named');
    expect(names).toEqual(
      expect.arrayContaining(['MessagesService.reveal', 'MessagesService.greet', 'PerRequest.age']),
    );
  });

  it('uses little of the stack in methods that call themselves', async () => {
    const { response, names } = await stepsOf(platform, '/deep', { ...AUTO, ...ALWAYS });
    expect(await response.text()).toBe('2500');
    expect(names.filter((name) => name === 'Trees.depth').length).toBeLessThan(110);
  });

  it('skips what is excluded, and all that is not included', async () => {
    const only = { spans: { auto: { include: ['MessagesService', /Repository\./] } } };
    expect((await stepsOf(platform, '/fails', only)).names).toEqual([
      'MessagesService.list',
      'MessagesRepository.find',
    ]);
    const without = { spans: { auto: { exclude: ['MessagesService.list', /^(Guard|Inter)/] } } };
    expect((await stepsOf(platform, '/fails', without)).names).toEqual([
      'MessagesController.list',
      'MessagesRepository.find',
    ]);
  });

  it('is off by default, also when another application of the process has it on', async () => {
    await stepsOf(platform, '/fails', AUTO);
    const { line } = await stepsOf(platform, '/fails', {});
    expect(line).not.toHaveProperty('steps');
  });

  it('restores the methods when the last application closes, and replaces them for the next', async () => {
    const classes = [MessagesRepository, MessagesService];
    const methods = () =>
      classes.map(({ prototype }) => Object.getOwnPropertyDescriptors(prototype));
    const originals = methods();
    for (let round = 0; round < 2; round++) {
      const { names, app } = await stepsOf(platform, '/fails', AUTO);
      expect(names).toContain('MessagesRepository.find');
      expect(methods()).not.toEqual(originals);
      await app.close();
      expect(methods()).toEqual(originals);
    }
  });

  it('writes the steps of requests that took too long, and of no others', async () => {
    const slow = { ...AUTO, accessLog: { slowerThan: 0 } };
    expect((await stepsOf(platform, '/stream', slow)).names).toContain('MessagesController.stream');
    const quick = { ...AUTO, accessLog: { slowerThan: 10_000 } };
    expect((await stepsOf(platform, '/stream', quick)).line).not.toHaveProperty('steps');
  });
});

@Controller()
class LongNamesController {
  constructor(private readonly trace: TraceContext) {}

  @Get('long')
  long(): string {
    for (let i = 0; i < 10; i++) this.trace.span(`${i}"é\r\n${'x'.repeat(10_000)}`, () => {});
    return 'long';
  }
}

describe.each(PLATFORMS)('serverTiming on %s', (platform) => {
  it('is short, and plain text, for any names of spans', async () => {
    const { send } = await tracedApp(platform)
      .with({ serverTiming: true })
      .of({ controllers: [LongNamesController] })
      .start();
    const response = await send('/long');
    expect(response.status).toBe(200);
    const timing = response.headers.get('server-timing')!;
    expect(timing).toMatch(/desc="\d\\"\?\?\?x{90,}";dur=/);
    expect(timing.length).toBeLessThan(2000);
  });

  it('sends the longest spans, and none unasked', async () => {
    const { response } = await stepsOf(platform, '/fails', { ...AUTO, serverTiming: true });
    const timing = response.headers.get('server-timing');
    expect(timing).toMatch(/s\d;desc="MessagesRepository\.find";dur=\d/);
    expect(timing!.split(', ').length).toBeLessThanOrEqual(10);
    const { response: silent } = await stepsOf(platform, '/fails', AUTO);
    expect(silent.headers.get('server-timing')).toBeNull();
  });
});
