import {
  Catch,
  Injectable,
  Logger,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type RpcExceptionFilter,
} from '@nestjs/common';
import { Ctx, Payload, RpcException } from '@nestjs/microservices';
import { McpContext, McpController, Prompt, Resource, Tool } from '@rekog/mcp-nest';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwError, type Observable } from 'rxjs';
import { z } from 'zod';
import { TraceId } from '../../../src/index.js';

const logger = new Logger('Seen');

@Injectable()
class SeenGuard implements CanActivate {
  canActivate(): boolean {
    logger.log('guard');
    return true;
  }
}

@Injectable()
class SeenPipe implements PipeTransform {
  transform(value: unknown): unknown {
    logger.log('pipe');
    return value;
  }
}

@Injectable()
class SeenInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    logger.log('interceptor');
    return next.handle();
  }
}

@Catch(RpcException)
class SeenFilter implements RpcExceptionFilter {
  catch(exception: RpcException): Observable<never> {
    logger.log('filter');
    return throwError(() => exception);
  }
}

/** A server of `@rekog/mcp-nest`, with one of everything that NestJS puts around a handler. */
@McpController()
@UseGuards(SeenGuard)
@UsePipes(SeenPipe)
@UseInterceptors(SeenInterceptor)
@UseFilters(SeenFilter)
export class PaymentTools {
  @Tool({ name: 'pay', description: 'Pays', parameters: z.object({ n: z.number() }) })
  async pay(@Payload() { n }: { n: number }) {
    logger.log('handler', { n });
    await sleep(n % 7);
    logger.log('after', { n });
    return { paid: n };
  }

  @Tool({ name: 'refund', description: 'Fails' })
  async refund() {
    await sleep(1);
    throw new RpcException('nothing to refund');
  }

  @Tool({
    name: 'ask',
    description: 'Asks another service',
    parameters: z.object({ url: z.string() }),
  })
  async ask(
    @Payload() { url }: { url: string },
    @TraceId() traceId: string,
    @Ctx() ctx: McpContext,
  ) {
    await ctx.reportProgress({ progress: 1, total: 2 });
    return { traceId, answer: await (await fetch(url)).text() };
  }

  @Resource({ name: 'rates', uri: 'mcp://rates', mimeType: 'text/plain' })
  rates() {
    return { contents: [{ uri: 'mcp://rates', text: '1' }] };
  }

  @Prompt({ name: 'dun', description: 'Reminds' })
  dun() {
    return {
      messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'Pay!' } }],
    };
  }
}
