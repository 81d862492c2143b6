import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogLevels, TracingModule } from '../../src/index.js';

/** Uses nothing but NestJS, whatever is installed and declared beside it. */
@Controller()
class RootController {
  @Get()
  root(): string {
    return 'ok';
  }
}

const isTraced = process.env['TRACED'] !== 'false';

@Module({
  imports: isTraced ? [TracingModule.forRoot({ format: 'json' })] : [],
  controllers: [RootController],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(0, '127.0.0.1');
await (await fetch(await app.getUrl())).text();
if (isTraced) app.get(LogLevels).clear();
await sleep(50);
await app.close();
process.send?.(Object.keys(createRequire('/').cache));
