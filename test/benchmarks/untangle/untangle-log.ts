import { createWriteStream } from 'node:fs';
import { once } from 'node:events';

const FLUSH_CHARACTERS = 2 ** 16;
/** Requests that run at the same time: their lines are mixed. */
const CONCURRENT = 64;
const BEGINNING = Date.UTC(2026, 0, 15, 10, 30, 15);
const MESSAGES = ['Validating payment', 'Charging payment', 'Settled payment'] as const;
const LINES_OF_ONE = MESSAGES.length + 1;

interface RunningRequest {
  readonly number: number;
  readonly startedAt: number;
  readonly ids: object;
  lines: number;
}

/** Writes a log of this package's JSON lines, the same each time. Returns how many lines it has. */
export async function writeLog(file: string, megabytes: number): Promise<number> {
  const random = numbers();
  const hex = (digits: number): string => {
    let text = '';
    while (text.length < digits)
      text += Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0');
    return text.slice(0, digits);
  };
  const out = createWriteStream(file);
  const running: RunningRequest[] = [];
  let now = BEGINNING;
  let lines = 0;
  let written = 0;
  let begun = 0;
  let text = '';
  while (written < megabytes * 1e6) {
    now += random();
    while (running.length < CONCURRENT) running.push(begin(begun++, now, hex, random));
    const index = Math.floor(random() * running.length);
    const request = running[index]!;
    text += `${JSON.stringify(nextLine(request, now))}\n`;
    lines++;
    if (request.lines === LINES_OF_ONE) running.splice(index, 1);
    if (text.length < FLUSH_CHARACTERS) continue;
    written += text.length;
    if (!out.write(text)) await once(out, 'drain');
    text = '';
  }
  out.end(text);
  await once(out, 'finish');
  return lines;
}

function begin(
  number: number,
  startedAt: number,
  hex: (digits: number) => string,
  random: () => number,
): RunningRequest {
  const request = [hex(8), hex(4), hex(4), hex(4), hex(12)].join('-');
  const ids = {
    trace_id: hex(32),
    request_id: request,
    session_id: `session-${Math.floor(random() * 500)}`,
    span_id: hex(16),
    service: 'payments',
  };
  return { number, startedAt, ids, lines: 0 };
}

/** Three lines, one of them with fields, and the line that ends the request: one of 50 has failed. */
function nextLine(request: RunningRequest, now: number): object {
  const { ids, number, startedAt } = request;
  const timestamp = new Date(now).toISOString();
  const message = MESSAGES[request.lines++];
  if (message !== undefined) {
    const fields = request.lines === 2 ? { amount: number % 100, currency: 'EUR' } : {};
    const own = { message: `${message} ${number}`, ...ids, context: 'PaymentService', ...fields };
    return { timestamp, level: number % 7 === 0 ? 'warn' : 'info', ...own };
  }
  const duration = Number((now - startedAt).toFixed(3));
  const failed = number % 50 === 0;
  return {
    timestamp,
    level: failed ? 'error' : 'info',
    message: 'Request finished',
    ...ids,
    duration_ms: duration,
    handler_ms: duration,
    method: 'POST',
    path: `/payments/${number}`,
    route: '/payments/:id',
    handler: 'PaymentController.pay',
    status_code: failed ? 500 : 201,
    outcome: failed ? 'errored' : 'completed',
    ...(failed && {
      steps: [
        { name: 'PaymentController.pay', start_ms: 0, duration_ms: duration, failed: true },
        { name: 'PaymentService.charge', start_ms: 1, duration_ms: 1, depth: 1, failed: true },
      ],
    }),
  };
}

/** Random enough, and the same in each run (mulberry32). */
function numbers(): () => number {
  let state = 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
