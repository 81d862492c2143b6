import { Agent, get } from 'node:http';

const CONNECTIONS = 32;
const STEP_MS = 10;

/** Requests at a steady rate. What cannot be sent in time is skipped. */
export class SteadyLoad {
  sent = 0;
  /** Why requests were not answered. */
  readonly failures: string[] = [];
  // In turn: one that rests for long is closed by the server, perhaps just when it is used.
  private readonly agent = new Agent({
    keepAlive: true,
    maxSockets: CONNECTIONS,
    scheduling: 'fifo',
  });
  private readonly begunAt = performance.now();
  private readonly timer = setInterval(() => this.sendWhatIsDue(), STEP_MS);
  private due = 0;
  private open = 0;

  constructor(
    private readonly url: string,
    private readonly perSecond: number,
  ) {}

  /** Requests in a second, as far as the machine could send them. */
  get rate(): number {
    return (this.sent / (performance.now() - this.begunAt)) * 1000;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    while (this.open > 0) await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    this.agent.destroy();
  }

  private sendWhatIsDue(): void {
    const due = Math.floor(((performance.now() - this.begunAt) / 1000) * this.perSecond);
    for (; this.due < due; this.due++) if (this.open < CONNECTIONS) this.send();
  }

  private send(): void {
    this.sent++;
    this.open++;
    get(this.url, { agent: this.agent }, (response) => {
      response.resume().once('close', () => this.open--);
    }).once('error', ({ message }) => {
      this.open--;
      this.failures.push(message);
    });
  }
}
