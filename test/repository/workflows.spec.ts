import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly uses?: string;
  readonly needs?: string | readonly string[];
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly number[]>> };
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

interface IssueForm {
  readonly name: string;
  readonly description: string;
  readonly body: readonly { readonly type: string; readonly id?: string }[];
}

const GITHUB = '.github';
const WORKFLOWS = join(GITHUB, 'workflows');
const FORMS = join(GITHUB, 'ISSUE_TEMPLATE');

const manifest = JSON.parse(read('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly peerDependencies: Readonly<Record<string, string>>;
};

const workflows = readdirSync(WORKFLOWS).map((file) => ({
  file,
  workflow: parse(read(join(WORKFLOWS, file))) as Workflow,
}));
const jobs = workflows.flatMap(({ file, workflow }) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ at: `${file}: ${name}`, workflow, job })),
);
const steps = jobs.flatMap(({ job }) => job.steps ?? []);
const { test: testJob } = workflows.find(({ file }) => file === 'ci.yml')!.workflow.jobs;

function read(file: string): string {
  return readFileSync(file, 'utf8');
}

/** The scripts of package.json that a text says to run. */
function scriptsIn(text: string): string[] {
  const calls = text.matchAll(/\bnpm (?:run (?:--?[\w-]+ )*([\w:-]+)|(test|start)\b)/g);
  return [...calls].map(([, script, shorthand]) => script ?? shorthand!);
}

/** The major versions in a range such as `^20.19 || >=24`. */
function majorsOf(range: string): number[] {
  return [...range.matchAll(/(?:\^|>=)(\d+)/g)].map(([, major]) => Number(major));
}

describe('the scripts that are named', () => {
  it.each([
    ...[join(WORKFLOWS, 'ci.yml'), join(WORKFLOWS, 'release.yml')],
    ...[join(GITHUB, 'PULL_REQUEST_TEMPLATE.md'), '.ci/run', 'CONTRIBUTING.md', 'README.md'],
  ])('in %s exist', (file) => {
    const named = scriptsIn(read(file));
    expect(named.length).toBeGreaterThan(1);
    expect(named.filter((script) => !(script in manifest.scripts))).toEqual([]);
  });

  it('in the workflows are those of .ci/run', () => {
    const run = new Set(steps.flatMap((step) => scriptsIn(step.run ?? '')));
    expect(scriptsIn(read('.ci/run')).filter((script) => !run.has(script))).toEqual([]);
  });
});

describe('the workflows', () => {
  it('have jobs that need existing jobs, and use existing workflows and published actions', () => {
    for (const { at, workflow, job } of jobs) {
      const needed = [job.needs ?? []].flat();
      expect([at, needed.filter((name) => !(name in workflow.jobs))]).toEqual([at, []]);
      if (job.uses !== undefined) expect([at, existsSync(job.uses)]).toEqual([at, true]);
      else expect([at, job.steps?.length ?? 0]).not.toEqual([at, 0]);
    }
    for (const { uses } of steps) {
      if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w-]+@v\d+$/);
    }
  });

  it('read the version of Node for development from a file that exists', () => {
    const files = steps.map((step) => step.with?.['node-version-file']);
    expect(new Set(files)).toEqual(new Set([undefined, '.nvmrc']));
    expect(read('.nvmrc')).toMatch(/^\d+\.\d+\n$/);
  });

  it('test the versions of Node and NestJS that the package supports', () => {
    const { node, nestjs } = testJob!.strategy!.matrix;
    // 24 and later: 26 is the next even one.
    expect(node).toEqual([...majorsOf(manifest.engines.node), 26]);
    expect(nestjs).toEqual(majorsOf(manifest.peerDependencies['@nestjs/core']!));
  });

  it('select tests by a name that tests of the package have', () => {
    const [, pattern] = testJob!
      .steps!.map(({ run }) => /--testNamePattern '(.+)'/.exec(run ?? ''))
      .find((match) => match !== null)!;
    const titles = [...read('test/package/consumers.package.ts').matchAll(/^ {4}'(.+)',$/gm)];
    for (const version of testJob!.strategy!.matrix['nestjs']!) {
      const name = pattern!.replace('${{ matrix.nestjs }}', String(version));
      expect(titles.filter(([, title]) => title!.includes(name)).length).toBeGreaterThan(0);
    }
  });

  it('run scripts that exist, and exclude tests that exist', () => {
    const files = steps.flatMap(({ run }) => /\bbash (\S+)/.exec(run ?? '')?.[1] ?? []);
    expect(files).toEqual(['.ci/test-nestjs-11']);
    const [, list] = /^from_12=\(\n(.+?)^\)$/ms.exec(read(files[0]!))!;
    const leftOut = [...list!.matchAll(/^ {2}'(.+)'$/gm)].map(([, name]) => name!);
    expect(leftOut.length).toBeGreaterThan(0);
    const specs = readdirSync('test', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.spec.ts'))
      .map((file) => read(join('test', file)));
    const titles = specs
      .flatMap((spec) => [...spec.matchAll(/\b(?:describe|it)(?:\.each)?\(.*'(.+)'/g)])
      .map(
        ([, title]) =>
          new RegExp(`${title!.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&').replace(/%[sij]/g, '.+')}$`),
      );
    const unknown = leftOut
      .map((name) => name.replace(/ ?\.\*$/, ''))
      .filter((name) => !titles.some((title) => title.test(name)));
    expect(unknown).toEqual([]);
  });

  it('publish after CI, from main only', () => {
    const publishing = jobs.filter(({ job }) =>
      job.steps?.some((step) => JSON.stringify(step).includes('release:publish')),
    );
    expect(publishing.map(({ at }) => at)).toEqual(['release.yml: release']);
    const [{ job, workflow }] = publishing as [(typeof publishing)[number]];
    expect(workflow.on).toEqual({ push: { branches: ['main'] } });
    expect(workflow.jobs[job.needs as string]).toEqual({ uses: './.github/workflows/ci.yml' });
  });
});

describe('the issue forms', () => {
  it.each(readdirSync(FORMS).filter((file) => file !== 'config.yml'))('%s can be shown', (file) => {
    const form = parse(read(join(FORMS, file))) as IssueForm;
    expect(form).toMatchObject({ name: expect.any(String), description: expect.any(String) });
    const fields = form.body.filter(({ type }) => type !== 'markdown');
    const ids = fields.map(({ id }) => id);
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { type } of fields) expect(['input', 'textarea', 'dropdown']).toContain(type);
  });

  it('of a bug asks for what has to be known', () => {
    const { body } = parse(read(join(FORMS, 'bug.yml'))) as IssueForm;
    const ids = body.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['version', 'node', 'nestjs', 'adapter', 'log']));
  });
});
