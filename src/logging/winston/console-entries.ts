import { withoutOwnFrames } from '../../records/own-frames.js';
import { AsyncLocalStorage } from 'node:async_hooks';
import { currentScope, currentTrace } from '../../context/active-trace.js';
import { definePatch } from '../../instrumentation/patch.js';
import type { Application } from '../../records/application.js';
import type { LineLimits } from '../../records/line-limits.js';
import { warnOnce } from '../../records/warnings.js';
import type { TraceScope } from '../../trace/trace.js';
import { KeptCall, keepCall } from '../flight-recorder.js';
import { isStdoutForProtocol } from '../output/stdout-for-protocol.js';
import { readReplayed, verbosity } from '../verbosity.js';
import { consoleState } from './console-state.js';
import {
  readAssertArguments,
  readConsoleArguments,
  readDirArguments,
  type ConsoleEntry,
} from './console-text.js';
import type { EntryWriter } from './entry-writer.js';

const CONSOLE = definePatch({
  package: 'node',
  target: 'console.log, info, debug, warn, error, trace, assert, dir, dirxml and group',
  gives: 'log entries with ids for what is written with `console`, with `console: true`',
  without: 'what is written with `console` has no ids',
  why: 'Node has no event for it',
});

/**
 * NestJS's level of each method, by the severities of the standard. Node's other methods, such as
 * `console.table`, `count` and `timeEnd`, call `console.log`.
 *
 * @see https://console.spec.whatwg.org/#loglevel-severity
 */
const LEVELS = {
  log: 'log',
  info: 'log',
  dir: 'log',
  dirxml: 'log',
  group: 'log',
  groupCollapsed: 'log',
  trace: 'log',
  debug: 'debug',
  warn: 'warn',
  error: 'error',
  assert: 'error',
} as const;
type Method = keyof typeof LEVELS;
type Write = (...args: unknown[]) => void;

/** The methods with which Node writes to standard error. */
const TO_STDERR: ReadonlySet<Method> = new Set(['trace', 'warn', 'error', 'assert']);

/**
 * Makes log entries of what an application writes with `console`. In the trace of an application, it
 * is that application's logger that writes; outside of any, that of the first one with the option.
 * The methods are replaced for the whole process, until its last application closes.
 *
 * What a format, transport or subscriber prints while it handles an entry, or because of it later,
 * goes to the real console: it would come back as an entry for ever.
 *
 * @param writer writes the entries; `undefined` for an application without the option, whose calls
 *   are left as they are.
 * @returns what ends it for this application.
 */
export function assignConsole(
  application: Application,
  writer: EntryWriter | undefined,
): () => void {
  if (writer === undefined) {
    consoleState.unchanged.add(application);
    return () => {};
  }
  consoleState.writers.set(application, writer);
  consoleState.writing ??= new AsyncLocalStorage();
  for (const method of Object.keys(LEVELS) as Method[]) replace(method);
  replaceGroupEnd();
  return () => {
    consoleState.unchanged.add(application);
    consoleState.writers.delete(application);
    if (consoleState.writers.size > 0) return;
    consoleState.writing = undefined;
    consoleState.openGroups = 0;
  };
}

function replace(method: Method): void {
  CONSOLE.method(console, method, (original) => {
    const print = (original as Write).bind(console);
    const replacement: Write = (...args) => {
      const { writing } = consoleState;
      if (isWarningOfNode(method, args)) {
        print(...args);
        return;
      }
      if (writing?.getStore() === true) {
        printWhileWriting(print, method, args);
        return;
      }
      const writer = currentWriter();
      if (writer === undefined || writing === undefined) print(...args);
      else writing.run(true, writeEntry, writer, method, args, replacement);
    };
    return replacement;
  });
}

/** The logger of the running code's application; `undefined` if its `console` is unchanged. */
function currentWriter(): EntryWriter | undefined {
  const { writers, unchanged } = consoleState;
  const application = currentTrace()?.application;
  if (application !== undefined) {
    if (unchanged.has(application)) return undefined;
    const own = writers.get(application);
    if (own !== undefined) return own;
  }
  const [first] = writers.values();
  return first;
}

const WARNING_PREFIX = `(${process.release.name}:${process.pid}) `;

/**
 * Whether Node prints a process warning. It is no call of the application, and may be about its
 * logger, which then cannot write it.
 */
function isWarningOfNode(method: Method, args: readonly unknown[]): boolean {
  const [text] = args;
  return method === 'error' && typeof text === 'string' && text.startsWith(WARNING_PREFIX);
}

/** Prints what a logger's own parts write. Standard output may belong to a protocol. */
function printWhileWriting(print: Write, method: Method, args: readonly unknown[]): void {
  if (TO_STDERR.has(method) || !isStdoutForProtocol()) print(...args);
  else if (method === 'dir') console.error(readDirArguments(args).message);
  else console.error(...args);
}

function writeEntry(
  writer: EntryWriter,
  method: Method,
  args: readonly unknown[],
  replacement: Write,
): void {
  const isGroup = method === 'group' || method === 'groupCollapsed';
  if (isGroup) consoleState.openGroups++;
  if (isGroup && args.length === 0) return;
  if (method === 'assert' && args[0]) return;
  const name = writer.nameOf(LEVELS[method]);
  if (writer.isWritten(name)) writeCall(writer, method, args, stackBehind(method, replacement));
  else if (verbosity.sources !== 0) writeBelow(writer, name, method, args, replacement);
}

/** A call below the logger's level: it is written if its request is, or else kept with it. */
function writeBelow(
  writer: EntryWriter,
  name: string,
  method: Method,
  args: readonly unknown[],
  replacement: Write,
): void {
  const scope = currentScope();
  if (scope === undefined) return;
  if (writer.isRaised(name, false)) {
    writeCall(writer, method, args, stackBehind(method, replacement));
    return;
  }
  const recording = writer.keeperOf(scope, name);
  if (recording === undefined) return;
  const [first, ...rest] = args;
  const stack = stackBehind(method, replacement);
  keepCall(
    recording,
    new KeptConsoleCall(scope, first, rest, args.length, stack, writer, method),
    rest,
  );
}

/** A call of `console`, which is made an entry when it is written. */
class KeptConsoleCall extends KeptCall {
  constructor(
    scope: TraceScope,
    public first: unknown,
    private readonly rest: unknown[],
    private readonly count: number,
    private readonly stack: string | undefined,
    private readonly writer: EntryWriter,
    private readonly method: Method,
  ) {
    super(scope);
  }

  override write(): void {
    const args = this.count === 0 ? [] : [this.first, ...this.rest];
    const { writer, method, stack } = this;
    writeRead(
      writer,
      method,
      readReplayed(() => read(method, args, writer.limits)),
      stack,
    );
  }
}

function writeCall(
  writer: EntryWriter,
  method: Method,
  args: readonly unknown[],
  stack: string | undefined,
): void {
  writeRead(writer, method, read(method, args, writer.limits), stack);
}

function writeRead(
  writer: EntryWriter,
  method: Method,
  { message, fields }: ConsoleEntry,
  stack: string | undefined,
): void {
  if (stack !== undefined) fields['stack'] = `Trace: ${message}${stack.slice(stack.indexOf('\n'))}`;
  writer.writeLine(LEVELS[method], message, fields);
}

function read(method: Method, args: readonly unknown[], limits: LineLimits): ConsoleEntry {
  try {
    if (method === 'assert') return readAssertArguments(args.slice(1), limits);
    if (method === 'dir') return readDirArguments(args, limits);
    return readConsoleArguments(method === 'trace' && args.length === 0 ? ['Trace'] : args, limits);
  } catch (error) {
    warnOnce('TRACING_ENTRY_FAILED', 'the arguments of a log call could not be read', error);
    return { message: '[unreadable]', fields: { context: 'console' } };
  }
}

/** The stack of a call of `console.trace`, without its message; `undefined` for other methods. */
function stackBehind(method: Method, replacement: Write): string | undefined {
  if (method !== 'trace') return undefined;
  const trace: { name: string; message: string; stack?: string } = { name: 'Trace', message: '' };
  Error.captureStackTrace(trace, replacement);
  return withoutOwnFrames(trace.stack);
}

/** Entries are not indented, as groups of several requests overlap, so the real console is not either. */
function replaceGroupEnd(): void {
  CONSOLE.method(console, 'groupEnd', (original) => {
    const end = original.bind(console);
    return () => {
      if (consoleState.openGroups > 0) consoleState.openGroups--;
      else end();
    };
  });
}
