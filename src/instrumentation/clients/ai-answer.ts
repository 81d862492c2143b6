import type { ClientCall } from '../../spans/client-call.js';
import { definePatch } from '../patch.js';
import { failAiCall, isErrorLike, noteTokens } from './ai-call.js';

/** What a provider or the SDK gives for a call. Texts are in it too, and are not read. */
export interface Answer {
  readonly usage?: unknown;
  /** Of a model that streams: the parts of its answer, which are yet to come. */
  readonly stream?: unknown;
  /** What a tool gave. The SDK hands an error of it to the model. */
  readonly output?: unknown;
}

/** A part of an answer that is streamed. */
interface Part {
  readonly type?: unknown;
  /** Of the part `error`. The answer may go on behind it. */
  readonly error?: unknown;
  /** Of the part `finish`. */
  readonly usage?: unknown;
}

const STREAMS = definePatch({
  package: 'ai',
  target: 'the answer of a model that streams: what reads it',
  gives: 'the end, the tokens and the error of answers that are streamed',
  without: 'steps of streamed answers end with their beginning',
  why: 'the channel tells of the beginning of a stream, and neither of its end nor of its errors',
});

type Read = (this: object, ...args: unknown[]) => unknown;

/** All that reads a stream. `pipeThrough` is what the SDK uses. */
const READERS = [
  'pipeThrough',
  'pipeTo',
  'getReader',
  'tee',
  'values',
  Symbol.asyncIterator,
  'cancel',
] as const;

/** The answers that are streamed and followed already. */
const followed = new WeakSet<object>();

/** Ends a call with its answer: at once, or when the last part of it has been read. */
export function endWithAnswer(call: ClientCall, answer: Answer | undefined): void {
  const { stream, usage, output } = answer ?? {};
  if (isStream(stream)) {
    followStream(call, stream);
    return;
  }
  noteTokens(call, usage);
  const { type, error } = Object(output) as { readonly type?: unknown; readonly error?: unknown };
  if (type === 'tool-error') call.fail(error);
  else call.end();
}

/**
 * Follows the parts of an answer to the call's end. They are read by what the SDK makes of the
 * stream, one by one and no sooner: the stream itself stays the one that the provider made, and
 * whatever reads it reads a second one that hands on each part.
 */
function followStream(call: ClientCall, stream: ReadableStream<unknown>): void {
  if (followed.has(stream)) return;
  if (stream.locked || !Object.isExtensible(stream)) {
    call.end();
    return;
  }
  followed.add(stream);
  STREAMS.noteApplied();
  let second: ReadableStream<unknown> | undefined;
  for (const name of READERS) {
    const read: Read = function (...args) {
      if (second === undefined) {
        for (const reader of READERS) Reflect.deleteProperty(stream, reader);
        second = followedParts(call, stream);
      }
      return (Reflect.get(second, name) as Read).apply(second, args);
    };
    Object.defineProperty(stream, name, { value: read, configurable: true, writable: true });
  }
}

function isStream(value: unknown): value is ReadableStream<unknown> {
  return typeof (Object(value) as Partial<ReadableStream>).getReader === 'function';
}

function followedParts(call: ClientCall, stream: ReadableStream<unknown>): ReadableStream<unknown> {
  const reader = stream.getReader();
  let failure: { readonly error: unknown } | undefined;
  const settle = (): void => {
    if (failure === undefined) call.end();
    else failAiCall(call, failure.error);
  };
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          failure ??= { error };
          settle();
          throw error;
        });
        const { type, error, usage } = Object(value) as Part;
        if (type === 'error') failure ??= { error };
        if (type === 'finish') noteTokens(call, usage);
        if (done || type === 'finish') settle();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel(reason) {
        // An answer that is no longer wanted is no failure, but one that is aborted is.
        if (isErrorLike(reason)) failure ??= { error: reason };
        settle();
        await reader.cancel(reason);
      },
    },
    // Reads nothing ahead.
    { highWaterMark: 0 },
  );
}
