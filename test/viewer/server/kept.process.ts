import 'reflect-metadata';
import { Controller, Get, Logger, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { traceJson, TracingLogger, TracingModule } from 'nestjs-tracing';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { createLogger, transports } from 'winston';

// An application that keeps its records in the folder `KEEP`.

@Controller()
class PaymentController {
  private readonly logger = new Logger('Payments');

  @Get('pay/:user')
  pay(@Param('user') user: string): string {
    this.logger.log(`Paying for ${user}`);
    return user;
  }

  @Get('hang/:user')
  hang(@Param('user') user: string): Promise<never> {
    this.logger.log(`Hanging for ${user}`);
    return new Promise(() => {});
  }
}

const logger = createLogger({
  format: traceJson(),
  transports: new transports.Console({ silent: true }),
});

@Module({
  imports: [
    TracingModule.forRoot({ logger }),
    TraceViewerModule.forRoot({ keep: process.env['KEEP']! }),
  ],
  controllers: [PaymentController],
})
class AppModule {}

const adapter = process.env['PLATFORM'] === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
const app = await NestFactory.create(AppModule, adapter, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
await app.listen(0, '127.0.0.1');
process.on('SIGTERM', () => process.exit());
process.send?.({ port: (app.getHttpServer().address() as { port: number }).port });
