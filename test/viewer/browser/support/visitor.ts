import { afterAll, afterEach, beforeAll, jest } from '@jest/globals';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type CDPSession,
} from 'playwright-core';
import { ViewerToken } from '../../../../src/viewer/server/viewer-token.js';
import { tellBreaches } from './in-page.js';
import { TracesPage } from './traces-page.js';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const PATIENCE_MS = 10_000;
const WIDE = { width: 1280, height: 800 };

// The machine may have other things to do.
jest.setTimeout(60_000);

// Cookies ignore ports: one is enough for all applications of a test.
const COOKIES = ['127.0.0.1', 'localhost'].map((domain) => ({
  name: ViewerToken.ofProject().cookieName,
  value: ViewerToken.ofProject().value,
  domain,
  path: '/_traces',
  httpOnly: true,
  sameSite: 'Strict' as const,
}));

let browser: Browser;
const visitors: Visitor[] = [];

// Its profile is an empty folder of its own, which goes with it.
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: process.env['CHROMIUM'], args: FLAGS });
});

// Before the applications end, or each page would complain of that.
afterEach(async () => {
  await Promise.all(visitors.splice(0).map((visitor) => visitor.leave()));
});

afterAll(() => browser.close());

/**
 * Somebody with a browser that remembers nothing, who takes offence at everything that must not
 * happen on any page: an error, a dialog, a request to another host, a breach of the page's policy.
 */
export class Visitor {
  readonly offences: string[] = [];
  /** Everything that was asked for. */
  readonly requests: string[] = [];
  private readonly known = new Set<string>();
  private readonly forgiven: RegExp[] = [];

  private constructor(readonly context: BrowserContext) {}

  /** @param isNew whether the link with the token was not followed before. */
  static async arrive({
    isNew = false,
    ...options
  }: BrowserContextOptions & { isNew?: boolean } = {}): Promise<Visitor> {
    const context = await browser.newContext({ viewport: WIDE, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    const visitor = new Visitor(context);
    visitors.push(visitor);
    if (!isNew) await context.addCookies(COOKIES);
    await visitor.watch();
    return visitor;
  }

  /** Opens a page in a tab of its own. */
  async open(url: string): Promise<TracesPage> {
    this.known.add(placeOf(url));
    const tab = await this.context.newPage();
    // What is looked for is waited for: there is no need to wait for more.
    await tab.goto(url, { waitUntil: 'commit' });
    return new TracesPage(tab);
  }

  /** The trace viewer of an application. */
  visit({ url }: { readonly url: string }): Promise<TracesPage> {
    return this.open(`${url}/_traces/`);
  }

  /** Complaints of the browser's that a test provokes, such as a server that has stopped. */
  forgive(...complaints: RegExp[]): void {
    this.forgiven.push(...complaints);
  }

  devtools({ tab }: TracesPage): Promise<CDPSession> {
    return this.context.newCDPSession(tab);
  }

  async leave(): Promise<void> {
    await this.context.close();
    if (this.offences.length > 0) throw new Error(this.offences.join('\n'));
  }

  private async watch(): Promise<void> {
    const { context } = this;
    await context.exposeBinding('tellBreach', (_source, breach: string) => this.blame(breach));
    await context.addInitScript(tellBreaches);
    context.on('request', (request) => {
      this.requests.push(request.url());
      if (!this.known.has(placeOf(request.url()))) this.blame(`asked for ${request.url()}`);
    });
    context.on('console', (message) => {
      if (['error', 'warning', 'assert'].includes(message.type())) {
        this.blame(`console: ${message.text()} ${message.location().url}`);
      }
    });
    context.on('weberror', (error) => this.blame(`error: ${error.error().stack}`));
    context.on('dialog', (dialog) => {
      this.blame(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on('page', (page) => {
      page.on('websocket', (socket) => this.blame(`asked for ${socket.url()}`));
    });
  }

  private blame(offence: string): void {
    if (!this.forgiven.some((complaint) => complaint.test(offence))) this.offences.push(offence);
  }
}

/** The origin; of a file, which has none, the file. */
function placeOf(url: string): string {
  const { origin, protocol, href } = new URL(url);
  if (protocol === 'data:') return protocol;
  return protocol === 'file:' ? href.replace(/#.*/, '') : origin;
}
