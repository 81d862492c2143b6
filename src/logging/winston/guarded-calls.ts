import type { Logger } from 'winston';
import { currentScope } from '../../context/active-trace.js';
import { definePatch } from '../../instrumentation/patch.js';
import { isError, readProperty } from '../../records/json-value.js';
import { warnOnce } from '../../records/warnings.js';
import { isRaised, verbosity } from '../verbosity.js';
import { LoggerPipes } from './logger-pipes.js';
import { keepsCall } from './recorded-entry.js';

const LOGGER_CALLS = definePatch({
  package: 'winston',
  target: 'log and isLevelEnabled of a logger, and its methods by level',
  gives:
    'a line for a call with an argument that cannot be read or changed, and calls that are kept without being made',
  without:
    'a call with an argument that cannot be read or changed throws, and one that is kept takes longer',
  why: 'winston reads and changes the arguments before it writes the entry',
});

const UNREADABLE = '[unreadable]';
/** What winston reads of an argument, besides its own fields. */
const READ_BY_WINSTON = ['message', 'stack', 'cause', 'match'] as const;

type Call = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Makes calls of a winston logger survive arguments on which winston throws: a revoked proxy, a
 * getter that throws, a frozen object. Only such a call is made again, with copies of them. Child
 * loggers inherit the methods.
 */
export function guardCalls(logger: Logger): void {
  const pipes = new LoggerPipes(logger);
  countRules(logger, pipes);
  for (const name of ['log', ...Object.keys(logger.levels)]) {
    if (!hasMethod(logger, name)) continue;
    LOGGER_CALLS.methodOfInstance(logger, name, (call) => {
      return function (this: unknown): unknown {
        try {
          // oxlint-disable-next-line prefer-rest-params
          if (verbosity.sources !== 0 && keepsCall(logger, pipes, call, name, this, arguments)) {
            return this ?? logger;
          }
          // Neither a list of the arguments nor a closure is made for a call.
          // oxlint-disable-next-line prefer-rest-params
          return Reflect.apply(call, this, arguments);
        } catch (error) {
          // oxlint-disable-next-line prefer-rest-params
          return callAgain(call, this, [...arguments], name === 'log', error);
        }
      };
    });
  }
}

/** Lets an application ask whether a request is logged at a more verbose level than the logger's. */
function countRules(logger: Logger, pipes: LoggerPipes): void {
  LOGGER_CALLS.methodOfInstance(logger, 'isLevelEnabled', (isEnabled) => {
    return function (this: unknown, level: string): boolean {
      if (isEnabled.call(this, level)) return true;
      if (verbosity.sources === 0) return false;
      const scope = currentScope();
      const severity: unknown = logger.levels[level];
      return (
        scope !== undefined &&
        typeof severity === 'number' &&
        !pipes.isOff &&
        isRaised(scope, severity, logger.levels, false)
      );
    };
  });
}

/** winston makes a method for each level, of which its types know only those of npm and syslog. */
function hasMethod<K extends string>(logger: object, name: K): logger is Record<K, Call> {
  return typeof Reflect.get(logger, name) === 'function';
}

/** Makes a call with arguments that winston can read. An error that is not theirs is thrown again. */
function callAgain(
  call: Call,
  logger: unknown,
  args: readonly unknown[],
  isLog: boolean,
  error: unknown,
): unknown {
  const readable = args.map((value, index) =>
    readableOf(value, index === (isLog && args.length > 1 ? 1 : 0)),
  );
  if (readable.every((value, index) => value === args[index])) throw error;
  // `log` takes an entry, if nothing else.
  if (isLog && args.length === 1 && typeof readable[0] !== 'object') {
    readable[0] = { level: 'error', message: UNREADABLE };
  }
  try {
    return call.apply(logger, readable);
  } catch (again) {
    warnOnce('TRACING_ENTRY_FAILED', 'the arguments of a log call could not be read', again);
    return logger;
  }
}

/** A value, or a copy that can be read and, for a message, changed: winston sets the level on it. */
function readableOf(value: unknown, isMessage: boolean): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return value;
  try {
    const copy: object = { ...value };
    for (const key of READ_BY_WINSTON) void (value as Record<string, unknown>)[key];
    if (!isMessage || Object.isExtensible(value)) return value;
    return isError(value) ? { message: value } : copy;
  } catch {
    return copyOf(value);
  }
}

function copyOf(value: object): unknown {
  try {
    const fields = Reflect.ownKeys(value).map((key) => [key, readProperty(value, key)]);
    return Object.fromEntries(fields) as object;
  } catch {
    // A proxy that is revoked, or that throws when its keys are read.
    return UNREADABLE;
  }
}
