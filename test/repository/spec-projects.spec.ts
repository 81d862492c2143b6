import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { specProjects } from '../support/spec-projects.mjs';

const TESTS = join(process.cwd(), 'test');
const projects = specProjects(process.cwd());

function projectOf(spec: string): string | undefined {
  const path = join(TESTS, spec);
  return Object.entries(projects).find(([, specs]) => specs.includes(path))?.[0];
}

describe('the projects of Jest', () => {
  it('have each spec once', () => {
    const specs = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.spec.ts') && !file.includes('consumers'))
      .map((file) => join(TESTS, file));
    const inProjects = Object.values(projects).flat();
    expect(inProjects.toSorted()).toEqual(specs.toSorted());
    expect(new Set(inProjects).size).toBe(inProjects.length);
  });

  it.each([
    ['trace/traceparent.spec.ts', 'unit'],
    ['repository/spec-projects.spec.ts', 'unit'],
    // Imports NestJS through what it tests.
    ['spans/steps.spec.ts', 'app'],
    ['e2e/ids.spec.ts', 'app'],
    // Imports node:child_process through what it shares with others.
    ['cli/follow.spec.ts', 'process'],
    ['http-client/chain.spec.ts', 'process'],
  ])('have %s in %s', (spec, project) => {
    expect(projectOf(spec)).toBe(project);
  });
});
