import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiledProgram } from '../support/compiled-program.js';
import { eventually, type Line } from '../support/line-sink.js';

/** A processor that is a file, and uses `traceTask`. */
export const TRACED_PROCESSOR = compiledProgram('test/brokers/services/traced-processor.ts');

/** What a sandboxed processor has logged, read from the file that its jobs name. */
export class SandboxedLines {
  private readonly folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-sandbox-'));
  readonly file = join(this.folder, 'lines');

  get lines(): Line[] {
    if (!existsSync(this.file)) return [];
    const texts = readFileSync(this.file, 'utf8').split('\n').slice(0, -1);
    return texts.map((text) => JSON.parse(text) as Line);
  }

  /** The access log lines, once there are that many. */
  async ends(count: number): Promise<Line[]> {
    const found = (): Line[] => this.lines.filter(({ message }) => message === 'Job finished');
    await eventually(() => found().length >= count, `${count} jobs in a sandbox`);
    return found();
  }

  /** What is wrong with the parts of these attempts that ran in the sandbox. */
  async flawsOfParts(attempts: readonly Line[]): Promise<string[]> {
    const shown = ({ trace_id, request_id, job, attempt, transport }: Line): string =>
      JSON.stringify([trace_id, request_id, job, attempt, transport]);
    await this.ends(attempts.length);
    return attempts.flatMap((attempt) => {
      const parts = this.lines.filter((line) => line['parent_span_id'] === attempt.span_id);
      const flaws: string[] = [];
      if (parts.map(shown).join() !== shown(attempt)) {
        flaws.push(`${shown(attempt)} in the sandbox: ${parts.map(shown).join()}`);
      }
      const own = this.lines.filter(({ span_id }) => span_id === parts[0]?.span_id);
      if (!own.some(({ message }) => message === 'resizing')) flaws.push('no line of its own');
      if (own.some(({ trace_id }) => trace_id !== attempt.trace_id)) flaws.push('another trace');
      return flaws;
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
