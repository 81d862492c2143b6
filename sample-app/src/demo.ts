import { differenceText, type Difference } from './demo/difference.js';
import { sendFiveRequests } from './demo/five-requests.js';
import { LogRecorder } from './demo/log-recorder.js';
import { runNightlyJob } from './demo/nightly-run.js';
import { followOnePayment } from './demo/one-payment.js';
import { freePorts } from './system/free-ports.js';
import { serve } from './system/serve.js';
import { withSystem } from './system/with-system.js';
import { heading, print, warn } from './terminal/terminal.js';

const PARTS = {
  'the five requests': sendFiveRequests,
  'the payment by an assistant': followOnePayment,
  'the nightly job': runNightlyJob,
};

Object.assign(process.env, await freePorts());

await withSystem(async (system) => {
  print(heading(`All of this, live: ${system.urls.page}`));
  const recorder = new LogRecorder(system);
  const differences: Difference[] = [];
  for (const [what, run] of Object.entries(PARTS)) {
    const found = await run(system, recorder).catch((error: unknown) => [
      { what, expected: 'an end without an error', seen: String(error) },
    ]);
    for (const difference of found) warn(differenceText(difference));
    differences.push(...found);
  }
  recorder.stop();
  if (system.failure !== undefined) {
    differences.push({ what: 'processes', expected: 'all running', seen: system.failure });
  }
  if (!process.argv.includes('--once')) return serve(system);
  if (differences.length > 0) {
    throw new Error(`The demo differs from what is expected in ${differences.length} places`);
  }
});
