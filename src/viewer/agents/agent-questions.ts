import { setTimeout as sleep } from 'node:timers/promises';
import { inSlices } from '../receiver/slices.js';
import type { ViewStore } from '../store/view-store.js';
import type { ViewedRequest } from '../store/viewed-records.js';
import {
  answerOf,
  Budget,
  problemAnswer,
  type Answer,
  type Work,
} from '../summary/answers/answer.js';
import { requestRow } from '../summary/answers/answer-rows.js';
import { isMeant, type RequestQuery } from '../summary/answers/list-requests.js';
import { SlicedFilter } from '../summary/answers/sliced-filter.js';
import type { RecordIndex } from './record-index.js';
import { inputProblem } from './tool-input.js';
import { MAX_WAIT_SECONDS, TOOLS, WAIT_TOOL } from './tools.js';

/** How long one question may keep the processor, and how often one that waits looks again. */
const MAX_SEARCH_MS = 10_000;
const POLL_MS = 250;
const MAX_WAITING = 16;
const DEFAULT_WAIT_SECONDS = 30;

interface WaitQuery extends RequestQuery {
  readonly timeout_seconds?: number;
}

/** Answers the questions of agents from the records of the server, in slices of a few milliseconds. */
export class AgentQuestions {
  private waiting = 0;

  /** @param isClosing whether the application ends: nothing is waited for then. */
  constructor(
    private readonly index: RecordIndex,
    private readonly isClosing: () => boolean,
  ) {}

  /** The answer of a tool; `undefined` if there is no such tool. */
  async answer(name: string, input: object, signal: AbortSignal): Promise<Answer | undefined> {
    const tool = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
    if (tool === undefined) return undefined;
    const problem = inputProblem(tool.input, tool.required, input);
    if (problem !== undefined) return problemAnswer(problem);
    return this.index.keepWhile(async () => {
      try {
        if (name === WAIT_TOOL) return await this.wait(input, signal);
        const store = await this.searched(this.index.update(), signal);
        return await this.searched(tool.answer!(store, input), signal);
      } catch (error) {
        if (error instanceof SearchEndedError) return problemAnswer(error.message);
        throw error;
      }
    });
  }

  private async wait(query: WaitQuery, signal: AbortSignal): Promise<Answer> {
    if (this.waiting >= MAX_WAITING)
      return problemAnswer('Too many wait already. Ask again later.');
    this.waiting++;
    try {
      return await this.firstEnded(query, signal);
    } finally {
      this.waiting--;
    }
  }

  private async firstEnded(query: WaitQuery, signal: AbortSignal): Promise<Answer> {
    const began = performance.now();
    const { since_ms: since = Date.now(), timeout_seconds: seconds = DEFAULT_WAIT_SECONDS } = query;
    const until = began + Math.min(seconds, MAX_WAIT_SECONDS) * 1000;
    // The lines with which a request was looked at: more may have come.
    const seen = new WeakMap<ViewedRequest, number>();
    for (;;) {
      const store = await this.searched(this.index.update(), signal);
      const filter = new SlicedFilter(store, query.search);
      if (filter.problem !== undefined) return problemAnswer(filter.problem);
      const { only_failed: onlyFailed } = query;
      const found = await this.searched(
        endedRequest(store, filter, { only_failed: onlyFailed }, since, seen),
        signal,
      );
      const waited = { waited_ms: Math.round(performance.now() - began) };
      if (found !== undefined) {
        return answerOf({ request: new Budget().fit(requestRow(store, found)), ...waited });
      }
      if (performance.now() >= until || this.isClosing()) {
        return answerOf({ request: null, ...waited });
      }
      await sleep(POLL_MS, undefined, { signal, ref: false }).catch(() => {
        // The client has disconnected, which the next step finds.
      });
    }
  }

  private searched<T>(work: Work<T>, signal: AbortSignal): Promise<T> {
    return inSlices(untilTooLong(work, performance.now() + MAX_SEARCH_MS, signal));
  }
}

class SearchEndedError extends Error {}

function* untilTooLong<T>(work: Work<T>, untilMs: number, signal: AbortSignal): Work<T> {
  for (;;) {
    if (signal.aborted) throw new SearchEndedError('The client has disconnected.');
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() > untilMs) {
      throw new SearchEndedError('The search took over 10 s. Narrow it, by time or by field.');
    }
    yield;
  }
}

/** The first request that has ended since a time, matches, and was not looked at before. */
function* endedRequest(
  store: ViewStore,
  filter: SlicedFilter,
  query: RequestQuery,
  sinceMs: number,
  seen: WeakMap<ViewedRequest, number>,
): Work<ViewedRequest | undefined> {
  for (const request of [...store.requests]) {
    yield;
    const { outcome, startedAt, duration_ms: durationMs = 0 } = request.record;
    if (outcome === undefined || startedAt + durationMs < sinceMs) continue;
    const lines = store.linesOf(request).length;
    if (seen.get(request) === lines) continue;
    seen.set(request, lines);
    if (isMeant(request, query) && (yield* filter.isMatchingRequest(request))) return request;
  }
  return undefined;
}
