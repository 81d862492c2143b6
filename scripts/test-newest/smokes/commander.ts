import { Logger, Module } from '@nestjs/common';
import { Command, CommandFactory, CommandRunner } from 'nest-commander';
import { TracingLogger } from 'nestjs-tracing';
import { expectThat, isTraced, lineOf, report, tracing } from './smoke.js';

let ran: string[] | undefined;

@Command({ name: 'greet', arguments: '<name>' })
class Greet extends CommandRunner {
  private readonly logger = new Logger('Greet');

  async run(inputs: string[]): Promise<void> {
    await Promise.resolve();
    ran = inputs;
    this.logger.log('greeting');
  }
}

@Module({ imports: tracing(), providers: [Greet] })
class AppModule {}

await report(async () => {
  process.argv.splice(2, Infinity, 'greet', 'world');
  const app = await CommandFactory.createWithoutRunning(AppModule, { bufferLogs: isTraced });
  if (isTraced) app.useLogger(app.get(TracingLogger));
  await CommandFactory.runApplication(app);
  expectThat(ran?.[0] === 'world', 'the command does not run');
  if (!isTraced) return 'runs';
  const { trace_id } = await lineOf({ message: 'greeting' });
  await lineOf({ message: 'Run finished', transport: 'cli', job: 'greet', trace_id });
  return 'a command: ids right; Run finished';
});
