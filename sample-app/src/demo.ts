import { sendFiveRequests } from './demo/five-requests.js';
import { LogRecorder } from './demo/log-recorder.js';
import { runNightlyJob } from './demo/nightly-run.js';
import { followOnePayment } from './demo/one-payment.js';
import { freePorts } from './system/free-ports.js';
import { serve } from './system/serve.js';
import { withSystem } from './system/with-system.js';
import { heading, print } from './terminal/terminal.js';

Object.assign(process.env, await freePorts());

await withSystem(async (system) => {
  print(heading(`All of this, live: ${system.urls.page}`));
  const recorder = new LogRecorder(system);
  const problems = [
    ...(await sendFiveRequests(system, recorder)),
    ...(await followOnePayment(system, recorder)),
    ...(await runNightlyJob(system, recorder)),
  ];
  recorder.stop();
  if (problems.length > 0) {
    throw new Error(['The demo did not go as it should:', ...problems].join('\n  - '));
  }
  if (!process.argv.includes('--once')) await serve(system);
});
