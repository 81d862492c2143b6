import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, Module } from '@nestjs/common';
import { Command, CommandFactory, CommandRunner, SubCommand } from 'nest-commander';
import { TracingLogger, TracingModule } from 'nestjs-tracing';

@SubCommand({ name: 'add', arguments: '<name>' })
class AddUser extends CommandRunner {
  private readonly logger = new Logger('AddUser');

  async run([name]: string[]): Promise<void> {
    await sleep(1);
    this.logger.log('adding', { name });
    process.stdout.write(`added ${name}\n`);
  }
}

@Command({ name: 'users', subCommands: [AddUser] })
class Users extends CommandRunner {
  async run(): Promise<void> {}
}

@Command({ name: 'fail' })
class Fail extends CommandRunner {
  async run(): Promise<void> {
    await sleep(1);
    throw new RangeError('no command');
  }
}

@Command({ name: 'exit' })
class Exit extends CommandRunner {
  async run(): Promise<void> {
    await sleep(1);
    process.exit(3);
  }
}

@Injectable()
class Unrelated {
  run(): void {}
}

@Module({
  imports: [TracingModule.forRoot({ output: 'stderr', format: 'json' })],
  providers: [AddUser, Users, Fail, Exit, Unrelated],
})
class CliModule {}

if (process.env['WAY'] === 'run') {
  await CommandFactory.run(CliModule);
} else {
  const app = await CommandFactory.createWithoutRunning(CliModule, {
    bufferLogs: true,
    serviceErrorHandler: (error) => {
      process.exitCode = 5;
      process.stdout.write(`handled ${error.message}\n`);
    },
  });
  app.useLogger(app.get(TracingLogger));
  await CommandFactory.runApplication(app);
  await app.close();
}
