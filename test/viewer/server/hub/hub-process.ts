import { afterEach } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  LevelRule,
  LevelRuleControl,
  LevelRuleOptions,
  LevelTarget,
} from '../../../../src/options/level-rule-options.js';
import { TracingConfigError } from '../../../../src/records/tracing-config.error.js';
import type { HubOwnerFacts } from '../../../../src/viewer/server/hub/hub-messages.js';
import { ProcessHub } from '../../../../src/viewer/server/hub/process-hub.js';
import { RecordStore } from '../../../../src/viewer/server/record-store.js';
import { RecordStream } from '../../../../src/viewer/server/record-stream.js';
import {
  resolveViewerOptions,
  type ViewerLimits,
} from '../../../../src/viewer/server/viewer-options.js';
import { eventually } from '../../../support/line-sink.js';
import { StreamReader } from '../../support.js';

const running = new Set<HubProcess>();
const folders: string[] = [];

afterEach(() => {
  for (const process of running) process.end();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder for temporary files, with a short path. It is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hub-'));
  folders.push(folder);
  return folder;
}

/** What a process of the shared trace viewer is, without an application, and without a process. */
export class HubProcess {
  readonly instance = randomBytes(6).toString('hex');
  readonly levels = new LevelList();
  readonly store: RecordStore;
  readonly hub: ProcessHub;
  /** Whose page shows the records. */
  facts: HubOwnerFacts | undefined;
  role: 'seeking' | 'owner' | 'member' | 'alone' = 'seeking';
  port = 0;
  private readonly stream: RecordStream;
  private readonly server = createServer((request, response) => void this.front(request, response));
  private lines = 0;

  constructor(
    temporary: string,
    readonly service: string,
    { group = 'token', ...limits }: ViewerLimits & { group?: string } = {},
  ) {
    const { instance } = this;
    this.store = new RecordStore(resolveViewerOptions({ limits }).limits);
    this.stream = new RecordStream(this.store, { instance, service, path: '/_traces' }, 20);
    this.hub = new ProcessHub({
      group,
      instance,
      service,
      temporary,
      store: this.store,
      rules: this.levels,
      answer: (request, response) => void this.answer(request, response),
      endStreams: () => this.stream.disconnect(),
      onOwner: (facts, isOwn) => {
        this.facts = facts;
        this.role = isOwn ? 'owner' : 'member';
      },
      onAlone: () => (this.role = 'alone'),
    });
  }

  /** Starts it, and waits until it has found the others. */
  static async start(
    temporary: string,
    service: string,
    options?: ViewerLimits & { group?: string },
  ): Promise<HubProcess> {
    const process = new HubProcess(temporary, service, options);
    await process.start();
    await eventually(() => process.role !== 'seeking', `a role for ${service}`);
    return process;
  }

  async start(): Promise<void> {
    running.add(this);
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
    this.hub.setUrl(`http://127.0.0.1:${this.port}/_traces`);
    this.hub.start();
  }

  /** Logs lines: their message is the service with a number. */
  log(count = 1): void {
    for (let n = 0; n < count; n++) {
      const message = `${this.service} ${++this.lines}`;
      this.store.add('line', JSON.stringify({ type: 'line', message }));
    }
  }

  /** The messages of all lines that its store has. */
  get messages(): string[] {
    return this.store
      .after(0, 1e6)
      .map(({ json }) => (JSON.parse(json) as { message: string }).message);
  }

  /** Waits until its store has lines with these messages. */
  async has(...messages: string[]): Promise<void> {
    const isThere = (): boolean => messages.every((message) => this.messages.includes(message));
    await eventually(isThere, `${messages.join(', ')} in ${this.service}`);
  }

  /** Opens its page. */
  open(query = ''): Promise<StreamReader> {
    return StreamReader.open(this.port, query);
  }

  /** Ends it as an application that closes. */
  end(): void {
    running.delete(this);
    this.stream.close();
    this.hub.endPages();
    this.hub.close();
    this.server.close().closeAllConnections();
  }

  private async front(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!.slice('/_traces'.length);
    if (!(await this.hub.pass(path, request, response))) await this.answer(request, response, path);
  }

  private async answer(
    request: IncomingMessage,
    response: ServerResponse,
    path = request.url!,
  ): Promise<void> {
    const { pathname, searchParams } = new URL(`http://localhost${path}`);
    if (pathname === '/stream') {
      this.stream.open(response, searchParams.get('from') ?? undefined);
      return;
    }
    if (pathname === '/never') return;
    if (pathname === '/cut') {
      // As when the process is killed while it answers.
      response.write('beginning', () => request.socket.destroy());
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, headers } = request;
    const bytes = Buffer.concat(chunks).length;
    response.setHeader('X-Answered-By', this.service);
    response.end(JSON.stringify({ by: this.service, method, path, headers, bytes }));
  }
}

/** Rules for log levels, without a logger. */
class LevelList implements LevelRuleControl {
  readonly levels = ['error', 'info', 'debug'];
  private rules: LevelRule[] = [];
  private count = 0;

  set(target: LevelTarget, level: string, options: LevelRuleOptions = {}): string {
    if (!this.levels.includes(level)) throw new TracingConfigError('INVALID_LEVEL', 'no', 'yes');
    const { forMs = 60_000, entries = 10 } = options;
    const id = `level-${++this.count}`;
    this.rules.push({ id, target, level, expiresAt: Date.now() + forMs, entries });
    return id;
  }

  list(): readonly LevelRule[] {
    return this.rules.filter(({ expiresAt }) => expiresAt > Date.now());
  }

  clear(id?: string): number {
    const before = this.rules.length;
    this.rules = this.rules.filter((rule) => id !== undefined && rule.id !== id);
    return before - this.rules.length;
  }

  /** What the rules are about. */
  get targets(): LevelTarget[] {
    return this.list().map(({ target }) => target);
  }
}
