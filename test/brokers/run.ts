import { consequence, INTERRUPTED, JestRun, runArguments } from '../support/jest-run.js';
import { addressIn, answers } from './servers/address.js';
import { BROKERS, urlOf, type Broker } from './servers/brokers.js';
import { openControl } from './servers/control.js';
import { StartedBroker } from './servers/started-broker.js';

// Runs the tests that need brokers: on those that are running, else on some of its own, which are
// removed afterwards. What comes after `--` on the command line goes to Jest; `--strict` stays here.

const { isStrict, jestArgs } = runArguments();

const started: StartedBroker[] = [];
/** Which brokers cannot be had. */
const notices: string[] = [];
/** The environment of the tests: the URLs of the running brokers. */
const urls: Record<string, string> = {};
let jest: JestRun | undefined;
let isInterrupted = false;

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    isInterrupted = true;
    jest?.kill(name);
  });
}
process.exitCode = await main();

async function main(): Promise<number> {
  try {
    await Promise.all(BROKERS.map(findOrStart));
    for (const notice of notices) console.error(notice);
    if (isInterrupted) return INTERRUPTED;
    if (notices.length > 0 && isStrict) return 1;
    if (notices.length === BROKERS.length) return 0;
    const code = await runJest();
    // Again, below all that Jest has written.
    for (const notice of notices) console.error(notice);
    return code;
  } finally {
    await Promise.all(started.map((broker) => broker.remove()));
  }
}

async function findOrStart(broker: Broker): Promise<void> {
  const { name, variable } = broker;
  try {
    const url = await findUrl(broker);
    urls[variable] = url ?? (await start(broker));
    console.log(`${name}: ${url === undefined ? 'started' : 'already there'}, ${urls[variable]}`);
  } catch (error) {
    notices.push(`${name}: ${consequence(isStrict)}. ${(error as Error).message}`);
  }
}

/** The one that the user names, else the one at its usual place. */
async function findUrl(broker: Broker): Promise<string | undefined> {
  const given = process.env[broker.variable];
  if (given !== undefined && given !== '') {
    if (await answers(broker, addressIn(given, broker))) return given;
    throw new Error(`nothing answers at ${broker.variable}=${given}`);
  }
  const usual = { host: '127.0.0.1', port: broker.defaultPort };
  return (await answers(broker, usual)) ? urlOf(broker, usual) : undefined;
}

async function start(broker: Broker): Promise<string> {
  const own = await StartedBroker.start(broker);
  started.push(own);
  return urlOf(broker, own.address);
}

async function runJest(): Promise<number> {
  const control = await openControl(started);
  const env = { ...envWithoutUrls(), ...urls, ...controlEnv(control.url) };
  jest = JestRun.start('**/test/brokers/*.broker.ts', jestArgs, env);
  const code = await jest.ended;
  control.close();
  return code;
}

/** Which brokers the tests may stop and start, and where. */
function controlEnv(url: string): Record<string, string> {
  const names = started
    .filter(({ broker }) => broker.portIn === undefined)
    .map(({ broker }) => broker.name);
  return { BROKER_CONTROL: url, RESTARTABLE_BROKERS: names.join(',') };
}

/** A broker that does not answer must not be tried again by its tests. */
function envWithoutUrls(): NodeJS.ProcessEnv {
  const variables = new Set(BROKERS.map(({ variable }) => variable));
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !variables.has(name)));
}
