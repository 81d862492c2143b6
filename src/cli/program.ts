import { readFileSync } from 'node:fs';
import { Command, CommanderError } from './command-parser.js';
import { agentCommand } from './agents/agent-command.js';
import { queryCommands } from './agents/query-commands.js';
import { printError, errorReason } from './print-error.js';
import { escapeLines } from '../records/control-characters.js';
import { untangleCommand } from './untangle/untangle-command.js';
import { WrongUseError } from './wrong-use.error.js';

const FAILED = 1;
const WRONG_USE = 2;

/** Runs the command line. Returns the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command('nestjs-tracing')
    .description('Groups the lines of a log by request, and queries a running trace viewer.')
    .version(packageVersion())
    .addCommand(untangleCommand((exit) => (code = exit)))
    .addCommand(agentCommand());
  for (const command of queryCommands((exit) => (code = exit))) program.addCommand(command);
  const nested = program.commands.flatMap(({ commands }) => commands);
  for (const command of [program, ...program.commands, ...nested]) {
    command
      .exitOverride()
      .configureOutput({ outputError: (text, write) => write(escapeLines(text)) });
    command.showHelpAfterError('(--help lists the options)');
  }
  try {
    await program.parseAsync(argv);
    return code;
  } catch (error) {
    // commander has written its message, or the help, already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USE;
    if (error instanceof WrongUseError) {
      printError(error.message);
      return WRONG_USE;
    }
    const { path } = error as NodeJS.ErrnoException;
    printError(path === undefined ? errorReason(error) : `${path}: ${errorReason(error)}`);
    return FAILED;
  }
}

function packageVersion(): string {
  const file = new URL(import.meta.resolve('nestjs-tracing/package.json'));
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
