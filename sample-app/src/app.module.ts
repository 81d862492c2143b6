import { Module, type DynamicModule } from '@nestjs/common';
import { TracingModule, type TracingModuleOptions } from 'nestjs-tracing';
import { EventsModule } from './events/events.module.js';
import { MessagesModule } from './messages/messages.module.js';
import { PaymentsModule } from './payments/payments.module.js';
import { ProfileModule } from './profile/profile.module.js';
import { StatusModule } from './status/status.module.js';
import { TasksModule } from './tasks/tasks.module.js';

@Module({
  imports: [PaymentsModule, ProfileModule, StatusModule, MessagesModule, TasksModule, EventsModule],
})
export class AppModule {
  static register(tracing: TracingModuleOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [TracingModule.forRoot({ service: 'payments', ...tracing })],
    };
  }
}
