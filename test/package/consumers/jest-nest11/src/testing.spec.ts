import { Controller, Get, Injectable, Logger, Module, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TraceContext, TracingLogger, TracingModule } from 'nestjs-tracing';
import 'nestjs-tracing/testing/jest';
import {
  captureLogs,
  createTraceContext,
  withTrace,
  type LogCapture,
} from 'nestjs-tracing/testing';

@Injectable()
class PaymentService {
  private readonly logger = new Logger(PaymentService.name);

  constructor(private readonly trace: TraceContext) {}

  async pay(): Promise<string | undefined> {
    await Promise.resolve();
    this.logger.warn('Gateway slow', { latency_ms: 301 });
    return this.trace.span('read id', () => this.trace.requestId);
  }
}

@Controller('pay')
class PaymentController {
  constructor(private readonly payments: PaymentService) {}

  @Get()
  pay(): Promise<string | undefined> {
    return this.payments.pay();
  }
}

@Module({
  imports: [TracingModule.forRoot()],
  controllers: [PaymentController],
  providers: [PaymentService],
})
class AppModule {}

describe('nestjs-tracing/testing', () => {
  let app: INestApplication;
  let logs: LogCapture;

  beforeEach(async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = module.createNestApplication();
    app.useLogger(app.get(TracingLogger));
    logs = captureLogs(app, { silent: true });
    await app.listen(0, '127.0.0.1');
  });

  afterEach(async () => {
    await app.close();
    logs.stop();
  });

  it('says which entries a request wrote', async () => {
    const headers = { 'x-request-id': 'req-001', connection: 'close' };
    await fetch(`${await app.getUrl()}/pay`, { headers });
    await logs.finished('req-001');
    expect(logs).toHaveFinished('req-001', { status_code: 200, route: '/pay' });
    expect(logs.ofRequest('req-001')).toHaveLoggedInOrder([
      { level: 'warn', message: 'Gateway slow', latency_ms: expect.any(Number) },
      'Request finished',
    ]);
    expect(logs.ofRequest('req-001')).not.toHaveLogged({ level: 'error' });
    expect(() => expect(logs).toHaveLogged({ level: 'error' })).toThrow(/req-001 +Gateway slow/);
    expect(logs).toHaveSteps('req-001', ['read id', { name: /^SELECT/, atMost: 0 }]);
    expect(logs).toHaveNoRepeatedSteps('req-001');
  });

  it('runs a service in a trace without an application', async () => {
    const service = new PaymentService(createTraceContext());
    expect(await withTrace({ requestId: 'req-002' }, () => service.pay())).toBe('req-002');
    expect(logs).toHaveLogged({ message: /slow/, request_id: 'req-002' });
  });

  it('releases the application at the end of a block', () => {
    let entries: LogCapture['entries'];
    {
      using inner = captureLogs(app);
      withTrace({}, () => new Logger('Test').log('inside'));
      ({ entries } = inner);
    }
    withTrace({}, () => new Logger('Test').log('outside'));
    expect(entries).toHaveLogged('inside');
    expect(entries).not.toHaveLogged('outside');
  });
});
