import { Controller, Get, Injectable, type ModuleMetadata, Param } from '@nestjs/common';
import { Span, TracingModule } from 'nestjs-tracing';
import { TracingMetricsModule } from 'nestjs-tracing/metrics';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { PaymentController } from '../workload.js';

export type ApplicationName =
  'bare' | 'as installed' | 'interceptor: false' | 'bare, four methods' | 'everything on';

/** A request that is one too many in its second costs less: how many those are, the machine decides. */
const noteAll = { requestsPerSecond: 1_000_000, linesPerSecond: 1_000_000 };

/** The workload of the benchmark, served in each of these ways. */
export const applications: Readonly<Record<ApplicationName, () => ModuleMetadata>> = {
  bare: () => ({ controllers: [PaymentController] }),
  'as installed': () => ({
    imports: [TracingModule.forRoot()],
    controllers: [PaymentController],
  }),
  'interceptor: false': () => ({
    imports: [TracingModule.forRoot({ interceptor: false })],
    controllers: [PaymentController],
  }),
  'bare, four methods': () => inFourMethods(),
  'everything on': () => ({
    ...inFourMethods(Span()),
    imports: [
      TracingModule.forRoot(),
      TracingMetricsModule.forRoot(),
      TraceViewerModule.forRoot({ authorize: () => true, limits: noteAll }),
    ],
  }),
};

export function isTraced(name: ApplicationName): boolean {
  return !name.startsWith('bare');
}

const asItIs: MethodDecorator = () => {};

/** The workload behind a service with four methods. The classes are new: each is decorated once. */
function inFourMethods(decorate = asItIs): ModuleMetadata {
  @Injectable()
  class PaymentService {
    @decorate
    async authorize(): Promise<void> {}

    @decorate
    async reserve(): Promise<void> {}

    @decorate
    async charge(): Promise<void> {}

    @decorate
    async book(): Promise<void> {}
  }

  @Controller('payments')
  class LayeredController extends PaymentController {
    constructor(private readonly payments: PaymentService) {
      super();
    }

    @Get(':id')
    override async pay(@Param('id') id: string): Promise<{ id: string; status: string }> {
      await this.payments.authorize();
      await this.payments.reserve();
      await this.payments.charge();
      await this.payments.book();
      return super.pay(id);
    }
  }

  return { controllers: [LayeredController], providers: [PaymentService] };
}
