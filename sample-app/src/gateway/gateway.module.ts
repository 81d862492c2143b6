import { Module } from '@nestjs/common';
import { TracingModule } from 'nestjs-tracing';
import { TracingMetricsModule } from 'nestjs-tracing/metrics';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { collector } from '../exporters.js';
import { FAULT_MODULES } from '../faults/fault-modules.js';
import { DatabaseModule } from './database/database.module.js';
import { EventsModule } from './events/events.module.js';
import { MessagesModule } from './messages/messages.module.js';
import { PaymentsModule } from './payments/payments.module.js';
import { ProfileModule } from './profile/profile.module.js';
import { StatusModule } from './status/status.module.js';
import { UsersModule } from './users/users.module.js';
import { TasksModule } from './tasks/tasks.module.js';

@Module({
  imports: [
    // Exported spans have W3C ids; with the same ids in the log, one id finds both.
    TracingModule.forRoot({
      service: 'payments-gateway',
      traceId: 'w3c',
      spans: { auto: true },
      // Debug lines are kept in memory, and written when their request has failed.
      flightRecorder: true,
    }),
    TracingMetricsModule.forRoot({ defaultMetrics: true }),
    TraceViewerModule.forRoot(),
    ...collector(),
    DatabaseModule,
    UsersModule,
    PaymentsModule,
    ProfileModule,
    StatusModule,
    MessagesModule,
    TasksModule,
    EventsModule,
    ...FAULT_MODULES,
  ],
})
export class GatewayModule {}
