import { transports } from 'winston';
import { createApp, readPlatform } from './create-app.js';
import { problemsOf } from './demo/expectations.js';
import { LogRecorder } from './demo/log-recorder.js';
import { figureRequests, send } from './demo/requests.js';
import { sortedByRequest } from './demo/sorted-by-request.js';
import { heading, print } from './demo/terminal.js';
import { thingsToTry } from './demo/things-to-try.js';

const isOnce = process.argv.includes('--once');

const terminal = new transports.Console({ silent: true });
const recorder = new LogRecorder();
const app = await createApp(readPlatform(process.env.PLATFORM), {
  format: 'text',
  logger: { transports: [terminal, recorder.transport] },
});
await app.listen(0, '127.0.0.1');
const url = await app.getUrl();

print(heading('Five requests at once: the mixed log, as it happens'));
// From here on: what NestJS says while it starts is not part of the story.
terminal.silent = false;
recorder.start();
const answers = await Promise.all(figureRequests.map((request) => send(url, request)));
const log = await recorder.stopAfter(figureRequests.length);

print(heading('The same lines, sorted by request'));
print(sortedByRequest(log));

const problems = problemsOf(answers, log);
if (problems.length > 0) {
  console.error(['The demo did not go as it should:', ...problems].join('\n  - '));
  await app.close();
  process.exit(1);
}

if (isOnce) {
  await app.close();
} else {
  app.enableShutdownHooks([], { useProcessExit: true });
  print(heading(`Try it yourself: serving on ${url} until Ctrl+C`));
  print(thingsToTry(url));
}
