import {
  Body,
  ConflictException,
  Controller,
  ForbiddenException,
  Get,
  Head,
  Injectable,
  BadRequestException,
  Logger,
  Param,
  Post,
  Req,
  Res,
  ServiceUnavailableException,
  Sse,
  StreamableFile,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type MessageEvent,
  type PipeTransform,
} from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { TraceContext } from 'nestjs-tracing';
import { finalize, interval, map, take, type Observable } from 'rxjs';
import { replaceStore } from './foreign-contexts.js';

const logger = new Logger('Soak');
const CHUNK = Buffer.alloc(1024, 'a');

/** Every line has the number of its unit of work, with which its ids are compared. */
function say(seq: string, text: string, fields: object = {}): void {
  logger.log(`#${seq} ${text}`, fields);
}

/** A timer, a turn of the loop or a microtask, so that requests overtake each other. */
async function pause(seq: string): Promise<void> {
  const findWrong = replaceStore(seq);
  const pace = Number(seq) % 8;
  if (pace === 0) await setImmediate();
  else if (pace > 1) await sleep(pace);
  const wrong = findWrong?.();
  // A line too many, which the ledger finds.
  if (wrong !== undefined) say(seq, wrong);
}

@Injectable()
class Refusing implements CanActivate, PipeTransform<string> {
  canActivate(context: ExecutionContext): boolean {
    const { params } = context.switchToHttp().getRequest<{ params: { seq: string } }>();
    say(params.seq, 'refused by a guard');
    throw new ForbiddenException();
  }

  transform(seq: string): string {
    say(seq, 'refused by a pipe');
    throw new BadRequestException();
  }
}

/** What Express and Fastify have in common. */
interface AnyRequest {
  readonly socket: Socket;
}
type AnyResponse = ServerResponse & { readonly raw?: ServerResponse };

@Controller()
export class SoakController {
  constructor(private readonly trace: TraceContext) {}

  @Get('pay/:seq')
  async pay(@Param('seq') seq: string): Promise<object> {
    this.begin(seq);
    await this.trace.span('charge', async () => {
      await pause(seq);
      say(seq, 'charging', { in_span: true });
    });
    await pause(seq);
    say(seq, 'settled');
    return { seq };
  }

  @Head('ping/:seq')
  async ping(@Param('seq') seq: string): Promise<void> {
    this.begin(seq);
    await pause(seq);
  }

  @Post('orders/:seq')
  async order(@Param('seq') seq: string, @Body() body: { seq: string }): Promise<object> {
    this.begin(body.seq);
    await pause(seq);
    say(body.seq, 'ordered');
    return { seq: body.seq };
  }

  @Get('calls/:inner/:seq')
  async call(
    @Param('inner') inner: string,
    @Param('seq') seq: string,
    @Req() { socket }: AnyRequest,
  ): Promise<object> {
    this.begin(seq);
    const response = await fetch(`http://127.0.0.1:${socket.localPort}/pay/${inner}`);
    const answer = await response.text();
    say(seq, 'was answered');
    return { seq, answer };
  }

  @Get('runs/:inner/:seq')
  async run(@Param('inner') inner: string, @Param('seq') seq: string): Promise<object> {
    this.begin(seq);
    const ids = {
      requestId: `run-${inner}`,
      traceId: `trace-of-${inner}`,
      sessionId: `session-of-${inner}`,
    };
    await this.trace.run({ ...ids, name: `run ${inner}` }, async () => {
      this.begin(inner);
      await pause(inner);
      say(inner, 'ran');
    });
    say(seq, 'went on');
    return { seq };
  }

  @Get('broken/:seq')
  async broken(@Param('seq') seq: string): Promise<void> {
    this.begin(seq);
    await this.trace.span('charge', async () => {
      await pause(seq);
      throw new Error(`#${seq} is broken`);
    });
  }

  @Get('conflict/:seq')
  async conflict(@Param('seq') seq: string): Promise<void> {
    this.begin(seq);
    await pause(seq);
    throw new ConflictException();
  }

  @Get('unavailable/:seq')
  unavailable(@Param('seq') seq: string): void {
    this.begin(seq);
    throw new ServiceUnavailableException();
  }

  @Get('guarded/:seq')
  @UseGuards(Refusing)
  guarded(): void {}

  @Get('piped/:seq')
  piped(@Param('seq', Refusing) _seq: string): void {}

  /** Ends when its client has disconnected, so that it never answers a client that is slow to do so. */
  @Get('waits/:seq')
  async wait(
    @Param('seq') seq: string,
    @Res({ passthrough: true }) response: AnyResponse,
  ): Promise<string> {
    this.begin(seq);
    await closing(response.raw ?? response);
    say(seq, 'was left');
    await pause(seq);
    say(seq, 'went on');
    return seq;
  }

  @Get('files/:seq')
  file(@Param('seq') seq: string): StreamableFile {
    this.begin(seq);
    return new StreamableFile(Readable.from([CHUNK, CHUNK]));
  }

  @Get('torn-files/:seq')
  tornFile(@Param('seq') seq: string): StreamableFile {
    this.begin(seq);
    const stream = new Readable({
      read() {},
      destroy(error, done) {
        say(seq, 'lost its disk');
        done(error);
      },
    });
    stream.push(CHUNK);
    setTimeout(() => stream.destroy(new Error('the disk is gone')), 5);
    return new StreamableFile(stream).setErrorLogger(() => {});
  }

  @Get('endless-files/:seq')
  endlessFile(@Param('seq') seq: string): StreamableFile {
    this.begin(seq);
    const chunks = setInterval(() => stream.push(CHUNK), 3);
    const end = this.trace.bind(() => {
      clearInterval(chunks);
      say(seq, 'was left');
    });
    const stream = new Readable({
      read() {},
      destroy(error, done) {
        // NestJS does this from an event of the connection, which belongs to no request.
        end();
        done(error);
      },
    });
    return new StreamableFile(stream).setErrorLogger(() => {});
  }

  @Sse('events/:seq')
  events(@Param('seq') seq: string): Observable<MessageEvent> {
    this.begin(seq);
    return interval(2).pipe(
      take(3),
      map((n) => ({ data: { n } })),
      finalize(() => say(seq, 'ended')),
    );
  }

  @Sse('endless-events/:seq')
  endlessEvents(@Param('seq') seq: string): Observable<MessageEvent> {
    this.begin(seq);
    return interval(3).pipe(
      map((n) => ({ data: { n } })),
      finalize(() => say(seq, 'ended')),
    );
  }

  private begin(seq: string): void {
    this.trace.set('seq', seq);
    say(seq, 'began');
  }
}

function closing(response: ServerResponse): Promise<unknown> {
  if (response.closed) return Promise.resolve();
  return new Promise((resolve) => response.once('close', resolve));
}
