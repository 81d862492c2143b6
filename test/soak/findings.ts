const KEPT_EXAMPLES = 3;
const EXAMPLE_LENGTH = 200;

interface Finding {
  count: number;
  readonly examples: string[];
}

/** What is wrong, each kind of it counted, with the first few examples. */
export class Findings {
  private readonly found = new Map<string, Finding>();
  count = 0;

  add(reason: string, example: string): void {
    this.count++;
    let finding = this.found.get(reason);
    if (finding === undefined) this.found.set(reason, (finding = { count: 0, examples: [] }));
    finding.count++;
    if (finding.examples.length < KEPT_EXAMPLES) {
      finding.examples.push(example.replaceAll(/\s+/g, ' ').trim().slice(0, EXAMPLE_LENGTH));
    }
  }

  /** One line for each reason. */
  get lines(): string[] {
    return [...this.found].map(
      ([reason, { count, examples }]) => `${count} × ${reason}: ${examples.join(' | ')}`,
    );
  }
}
