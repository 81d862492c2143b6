import type { TracedApplication } from '../../context/traced-application.js';
import { applicationProviding, newestApplication } from '../instrumented-applications.js';
import { definePatch } from '../patch.js';
import { hasMethods, ownerOf } from '../provided-class.js';

/** A command of commander, which NestJS's is built on. */
interface Command {
  readonly parent?: Command | null;
  name(): string;
}

/** What a class with `@Command`, `@SubCommand` or `@RootCommand` extends. */
interface CommandRunner {
  readonly command?: Command;
  run(...args: unknown[]): unknown;
}

const RUN = definePatch({
  package: 'nest-commander',
  target: 'run of the classes of commands',
  gives: 'a trace for each command that is run',
  without: 'commands are not traced',
  why: 'nest-commander has no hook around a command',
});

/** Lets each command of an application run in a trace of its own. */
export function prepareCommander({ modules }: TracedApplication): void {
  for (const { providers } of modules.values()) {
    for (const { metatype } of providers.values()) {
      const prototype: unknown = metatype?.prototype;
      if (typeof prototype !== 'object' || prototype === null) continue;
      if (!hasMethods(prototype, 'run', 'setCommand')) continue;
      traceCommand(ownerOf(prototype, 'run') as CommandRunner);
    }
  }
}

function traceCommand(prototype: CommandRunner): void {
  RUN.method(
    prototype,
    'run',
    (run) =>
      function (this: CommandRunner, ...args) {
        const application = applicationProviding(this) ?? newestApplication();
        if (application === undefined) return run.apply(this, args) as unknown;
        let leave: (() => void) | undefined;
        const work = {
          kind: 'run',
          transport: 'cli',
          handler: `${this.constructor.name}.run`,
          fields: { job: nameOf(this) },
          // A command may end the process.
          onLeave: (left: () => void) => process.once('exit', (leave = left)),
        } as const;
        return application.runUnitOfWork(work, async () => {
          try {
            return await run.apply(this, args);
          } finally {
            if (leave !== undefined) process.off('exit', leave);
          }
        });
      },
  );
}

/** The name of a command with those above it, as a user types them: `users add`. */
function nameOf({ command, constructor }: CommandRunner): string {
  const names: string[] = [];
  let parent = command;
  // The uppermost is the program itself.
  while (parent?.parent) {
    names.unshift(parent.name());
    parent = parent.parent;
  }
  return names.join(' ') || command?.name() || constructor.name;
}
