import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/free-port.js';
import { OwnProcess } from '../support/own-process.js';
import { STACK } from './stack.js';

const START_MS = 30_000;
const POLL_MS = 100;

/**
 * A separate Prometheus with the alert rules of the stack: with a folder and a port that nothing
 * else uses, removed when it is stopped. It scrapes what a test writes into a file.
 */
export class StartedPrometheus {
  private constructor(
    readonly url: string,
    /** Where a test writes its targets. */
    readonly targets: string,
    private readonly folder: string,
    private readonly process: OwnProcess,
  ) {}

  /** @throws {Error} with the output of Prometheus. */
  static async start(file: string): Promise<StartedPrometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
    const targets = join(folder, 'targets.json');
    const config = join(folder, 'prometheus.yaml');
    writeFileSync(targets, '[]');
    writeFileSync(config, JSON.stringify(configFor(targets)));
    const address = `127.0.0.1:${await freePort()}`;
    const process = OwnProcess.start(
      file,
      [
        ...[`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'data')}`],
        ...[`--web.listen-address=${address}`, '--enable-feature=exemplar-storage'],
      ],
      { cwd: folder },
    );
    const started = new StartedPrometheus(`http://${address}`, targets, folder, process);
    if (await started.isReady()) return started;
    await started.remove();
    throw new Error(`prometheus does not answer. It said:\n${process.output}`);
  }

  /** Stops it and deletes what it has kept. */
  async remove(): Promise<void> {
    await this.process.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async isReady(): Promise<boolean> {
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline && this.process.isRunning) {
      const answer = await fetch(`${this.url}/-/ready`).catch(() => undefined);
      if (answer?.ok === true) return true;
      await sleep(POLL_MS);
    }
    return false;
  }
}

function configFor(targets: string): object {
  return {
    global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' },
    rule_files: [join(STACK, 'alerts.yaml')],
    // The job is a label of the target.
    scrape_configs: [{ job_name: 'tests', file_sd_configs: [{ files: [targets] }] }],
  };
}
