import 'reflect-metadata';
import '../support/print-spans.js';
import { HttpModule, HttpService } from '@nestjs/axios';
import { Controller, Get, Logger, Module, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import axios from 'axios';
import { got } from 'got';
import { get as getOverHttp, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { lastValueFrom } from 'rxjs';
import { request } from 'undici';
import { TraceContext, TracingLogger, TracingModule } from '../../src/index.js';

/** A service that calls the next one, with the client that the request names. */
@Controller()
class ChainController {
  private readonly logger = new Logger('Chain');

  constructor(
    private readonly http: HttpService,
    private readonly trace: TraceContext,
  ) {}

  @Get()
  async answer(
    @Query('via') via: string,
    @Query('n') n: string,
    @Query('ports') ports: string,
  ): Promise<unknown> {
    const { traceId, requestId, sessionId } = this.trace;
    this.logger.log(`before ${n}`);
    await new Promise((resolve) => setTimeout(resolve, Number(n) % 7));
    const [next, ...others] = ports.split(',');
    const query = new URLSearchParams({ via, n, ports: others.join() }).toString();
    const rest = next ? await this.ask(via, `http://127.0.0.1:${next}/?${query}`) : [];
    this.logger.log(`after ${n}`);
    return [{ traceId, requestId, sessionId }, ...rest];
  }

  private async ask(via: string, url: string): Promise<unknown[]> {
    if (via === 'fetch') return (await fetch(url)).json() as Promise<unknown[]>;
    if (via === 'undici') return (await request(url)).body.json() as Promise<unknown[]>;
    if (via === 'axios') return (await axios.get<unknown[]>(url)).data;
    if (via === 'got') return got(url).json<unknown[]>();
    if (via === 'headers by hand') {
      const headers = this.trace.headers();
      return (await fetch(url, { headers })).json() as Promise<unknown[]>;
    }
    if (via === '@nestjs/axios') {
      return (await lastValueFrom(this.http.get<unknown[]>(url))).data;
    }
    // Imported by name, before anything was traced.
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      getOverHttp(url, resolve).on('error', reject);
    });
    return JSON.parse(await text(response)) as unknown[];
  }
}

@Module({ imports: [TracingModule.forRoot(), HttpModule], controllers: [ChainController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
await app.listen(0, '127.0.0.1');
process.send?.({ port: (app.getHttpServer().address() as AddressInfo).port });
