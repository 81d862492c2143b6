import { emptyLoop } from '../lines/loggers.js';
import { type Platform, platforms } from '../server-host.js';
import type { ApplicationName } from './applications.js';
import type { Program } from './counted-process.js';

/** What is counted in processes of its own. */
export interface Subject {
  program: Program;
  args: readonly string[];
}

/** What one causes beyond the other is on the budget. */
export interface Comparison {
  name: string;
  subject: Subject;
  yardstick: Subject;
}

const yardsticks = {
  'as installed': 'bare',
  'interceptor: false': 'bare',
  'flight recorder': 'bare, two debug lines',
  'one query': 'bare, one query',
  'everything on': 'bare, four methods, one query, two debug lines',
} as const satisfies Partial<Record<ApplicationName, ApplicationName>>;

const lines = {
  'one line in a context': 'nestjs-tracing, `TracingLogger`',
  'one line below the level': 'nestjs-tracing, a level that is off',
};

export const comparisons: readonly Comparison[] = [
  ...platforms.flatMap(requestsOn),
  ...Object.entries(lines).map(([name, logger]) => ({
    name,
    subject: lineOf(logger),
    yardstick: lineOf(emptyLoop),
  })),
];

function requestsOn(platform: Platform): Comparison[] {
  return Object.entries(yardsticks).map(([application, yardstick]) => ({
    name: `${platform}, ${application}`,
    subject: serverOf(platform, application),
    yardstick: serverOf(platform, yardstick),
  }));
}

function serverOf(platform: Platform, application: string): Subject {
  return { program: 'counted-server', args: [platform, application] };
}

function lineOf(logger: string): Subject {
  return { program: 'counted-lines', args: [logger] };
}
