import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { chromium, type Page } from 'playwright-core';
import { figureRequests, send, type DemoRequest } from '../sample-app/src/demo/requests.js';
import { freePorts } from '../sample-app/src/system/free-ports.js';
import { findProgram } from '../test/support/programs.js';
import { indexedPng } from './indexed-png.js';

// Makes the pictures of the documentation: starts the built sample application, sends it requests,
// and photographs its trace viewer.

const FOLDER = 'docs/images';
const MAX_BYTES = 120_000;
const VIEWPORT = { width: 1280, height: 800 };
/** It is in the tarball, and has few colors to be small. */
const README_PICTURE = 'why-it-failed';
const README_COLORS = 24;
/** A busy machine is slow, not broken. */
const PATIENCE_MS = 300_000;
const LINK = /http:\/\/\S+\?token=\w+/;
const USERS = { Alice: 'abc12345', Bob: 'def67890', Carol: '1a2b3c4d', Dave: '90e8f7a6' };
/** How often each user sends each request of the figure, for the views of many requests. */
const ROUNDS = 3;
/** What identifies the machine, and must be in no picture. */
const ROOT = process.cwd();

/** In the page: shows the frames of stacks as those of an application in `/app`. */
const HIDE_FOLDER = `(folder) => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    if (node.nodeValue.includes(folder)) node.nodeValue = node.nodeValue.replaceAll(folder, '/app');
  }
}`;

const ports = await freePorts();
const system = spawn(process.execPath, ['build/sample-app/main.js'], {
  env: { ...process.env, ...ports, NODE_ENV: 'development' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const browser = await chromium.launch({
  executablePath:
    process.env['CHROMIUM'] ?? findProgram(['chromium', 'chromium-browser'], 'chromium'),
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--hide-scrollbars'],
});
try {
  await takePictures(await linkOf(system));
} finally {
  await browser.close();
  if (system.exitCode === null && system.kill('SIGINT')) await once(system, 'exit');
}

async function takePictures(link: string): Promise<void> {
  const context = await browser.newContext({
    viewport: VIEWPORT,
    deviceScaleFactor: 1,
    colorScheme: 'light',
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(link);

  const gateway = new URL(link).origin;
  const answers = [];
  for (const request of figureRequests) {
    answers.push(send(gateway, request));
    // In this order, also where the body of one of them takes a moment to read.
    await page.waitForTimeout(30);
  }
  await Promise.all(answers);
  await shows(page, 'req-001', 'req-002', 'req-003', 'req-004', 'req-005');
  await requestLink(page, 'req-001').hover();
  await picture(page, 'viewer-light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, 'viewer-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await requestLink(page, 'req-004').click();
  await page.getByText('database is locked').first().waitFor();
  await page.mouse.move(0, 0);
  await picture(page, 'failed-request');
  await page.setViewportSize({ width: 1280, height: 1040 });
  await picture(page, README_PICTURE, '.detail');
  await page.setViewportSize(VIEWPORT);

  await sendMany(gateway);
  for (const view of ['traces', 'routes']) {
    // A new document, so that nothing is left open.
    await page.goto('about:blank');
    await page.goto(`${gateway}/_traces/#view=${view}`);
    await page.getByText('/api/parallel-tasks').first().waitFor();
    await picture(page, view);
  }
}

/** The requests of the figure by all users, which overlap a little. */
async function sendMany(gateway: string): Promise<void> {
  let count = 100;
  for (let round = 0; round < ROUNDS; round++) {
    const requests = Object.entries(USERS).flatMap(([user, sessionId]) =>
      figureRequests.map((request): DemoRequest => {
        const body = request.body && { ...request.body, user };
        const requestId = `req-${++count}`;
        return { ...request, requestId, sessionId, ...(body && { body }) };
      }),
    );
    for (let at = 0; at < requests.length; at += 4) {
      await Promise.all(requests.slice(at, at + 4).map((request) => send(gateway, request)));
    }
  }
}

function requestLink(page: Page, requestId: string): ReturnType<Page['locator']> {
  return page.locator('.request', { hasText: requestId }).locator('a').first();
}

/** Waits until the requests are there, with the lines of their ends. */
async function shows(page: Page, ...requestIds: string[]): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  const isMissing = async (): Promise<boolean> => {
    const text = await page.innerText('body');
    const ends = text.split('Request finished').length - 1;
    return ends < requestIds.length || !requestIds.every((id) => text.includes(id));
  };
  while (await isMissing()) {
    if (performance.now() > deadline) throw new Error('the page shows not all requests');
    await page.waitForTimeout(100);
  }
}

/** @param part of the page, as a selector. Default: all that is visible. */
async function picture(page: Page, name: string, part?: string): Promise<void> {
  // The export of the other services, and the highlighting.
  await page.waitForTimeout(1500);
  await page.evaluate(`(${HIDE_FOLDER})(${JSON.stringify(ROOT)})`);
  const text = await page.innerText('body');
  const secret = [ROOT, hostname(), 'token='].find((one) => one !== '' && text.includes(one));
  if (secret !== undefined) throw new Error(`${name} would show "${secret}"`);
  const shown = part === undefined ? page : page.locator(part);
  const png = await shown.screenshot({ animations: 'disabled', caret: 'hide' });
  const image = indexedPng(png, name === README_PICTURE ? README_COLORS : undefined);
  if (image.length > MAX_BYTES) throw new Error(`${name} has ${image.length} bytes`);
  writeFileSync(`${FOLDER}/${name}.png`, image);
  process.stdout.write(`${FOLDER}/${name}.png: ${image.length} bytes\n`);
}

/** The link to the trace viewer, which the system prints when it has started. */
async function linkOf({ stdout }: ChildProcess): Promise<string> {
  const late = AbortSignal.timeout(PATIENCE_MS);
  let said = '';
  return new Promise((resolve, reject) => {
    late.addEventListener('abort', () => reject(new Error('the sample application did not start')));
    stdout?.on('data', (chunk: Buffer) => {
      if (said.length > MAX_BYTES) return;
      said += String(chunk);
      const [link] = LINK.exec(said) ?? [];
      if (link !== undefined) resolve(link);
    });
    stdout?.once('end', () => reject(new Error('the sample application has ended')));
  });
}
