import 'reflect-metadata';
import 'nestjs-tracing/testing/vitest';
import { Controller, Get, Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TraceContext, TracingLogger, TracingModule } from 'nestjs-tracing';
import { captureLogs } from 'nestjs-tracing/testing';
import { expect, it } from 'vitest';

@Controller('pay')
class PaymentController {
  constructor(@Inject(TraceContext) private readonly trace: TraceContext) {}

  @Get()
  pay(): string | undefined {
    return this.trace.span('read id', () => this.trace.requestId);
  }
}

@Module({ imports: [TracingModule.forRoot()], controllers: [PaymentController] })
class AppModule {}

it('has the matchers and their types', async () => {
  const app = await NestFactory.create(AppModule, { bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  const logs = captureLogs(app, { silent: true });
  await app.listen(0, '127.0.0.1');
  const headers = { 'x-request-id': 'req-001', connection: 'close' };
  await fetch(`${await app.getUrl()}/pay`, { headers });
  await logs.finished('req-001');
  expect(logs).toHaveFinished('req-001', { status_code: 200 });
  expect(logs).toHaveSteps('req-001', ['read id', { name: /^SELECT/, atMost: 0 }]);
  expect(logs).toHaveNoRepeatedSteps('req-001');
  expect(() => expect(logs).toHaveSteps('req-001', ['write id'])).toThrow(/read id/);
  // @ts-expect-error: a name or a pattern, and not a number.
  expect(() => expect(logs).toHaveSteps('req-001', [7])).toThrow();
  await app.close();
  logs.stop();
});
