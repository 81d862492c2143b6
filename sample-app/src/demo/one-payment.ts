import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Receipt } from '../contracts/payment.js';
import type { LogEntry } from '../system/log-entry.js';
import type { System } from '../system/system.js';
import { PATIENCE_MS } from '../system/wait-until.js';
import { processLine } from '../terminal/log-line.js';
import { heading, print } from '../terminal/terminal.js';
import { FeedSubscriber } from './feed-subscriber.js';
import type { Difference } from './difference.js';
import type { LogRecorder } from './log-recorder.js';
import { ALICE } from './requests.js';
import { countFinished, paymentLog, logProblems } from './expected-log.js';

type TracedReceipt = Receipt & { traceId: string };

/** Second part: one payment, and the lines of all processes about it. Returns the differences. */
export async function followOnePayment(
  system: System,
  recorder: LogRecorder,
): Promise<Difference[]> {
  const feed = await FeedSubscriber.connect(system.urls.feed);
  const { chargeId, traceId } = await payAsAssistant(system.urls.mcp);
  const isOfPayment = ({ trace_id }: LogEntry): boolean => trace_id === traceId;
  const log = await recorder.linesAfter(countFinished(paymentLog), isOfPayment);
  print(heading(`One payment, five processes, one trace: ${traceId}`));
  print(log.map(processLine).join('\n'));

  const problems = logProblems(paymentLog, log, ALICE);
  if (!(await feed.receives(chargeId))) {
    problems.push({ what: 'the subscriber of the feed', expected: 'a booking', seen: 'none' });
  }
  feed.disconnect();
  return problems;
}

/** Calls a tool of the MCP server, in Alice's session. */
async function payAsAssistant(url: string): Promise<TracedReceipt> {
  const client = new Client({ name: 'demo', version: '1.0.0' });
  const headers = { 'X-Session-ID': ALICE };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
    { timeout: PATIENCE_MS },
  );
  const { content } = await client.callTool(
    { name: 'pay', arguments: { user: 'Alice', amount: 42 } },
    { timeout: PATIENCE_MS },
  );
  await client.close();
  const [answer] = content;
  if (answer?.type !== 'text') throw new Error('The tool did not answer with text');
  return JSON.parse(answer.text) as TracedReceipt;
}
