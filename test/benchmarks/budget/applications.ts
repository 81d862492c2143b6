import type { ModuleMetadata } from '@nestjs/common';
import { TracingModule, type TracingModuleOptions } from 'nestjs-tracing';
import { TracingMetricsModule } from 'nestjs-tracing/metrics';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { controllerFor } from '../workload.js';

/** A request that is one too many in its second costs less: how many those are, the machine decides. */
const noteAll = { requestsPerSecond: 1_000_000, linesPerSecond: 1_000_000 };

/** The workloads of the benchmark, served in each of these ways. */
export const applications = {
  bare: () => untraced(),
  'bare, two debug lines': () => untraced('recorder'),
  'bare, one query': () => untraced('query'),
  'bare, four methods, one query, two debug lines': () => untraced('everything'),
  'as installed': () => traced({}),
  'interceptor: false': () => traced({ interceptor: false }),
  'flight recorder': () => traced({ flightRecorder: true }, 'recorder'),
  'one query': () => traced({}, 'query'),
  'everything on': () => {
    const { imports = [], ...others } = traced(
      { spans: { auto: { include: ['LayeredController'] } }, flightRecorder: true },
      'everything',
    );
    const viewer = TraceViewerModule.forRoot({ authorize: () => true, limits: noteAll });
    return { ...others, imports: [...imports, TracingMetricsModule.forRoot(), viewer] };
  },
} as const satisfies Readonly<Record<string, () => ModuleMetadata>>;

export type ApplicationName = keyof typeof applications;

export function isTraced(name: ApplicationName): boolean {
  return !name.startsWith('bare');
}

/** @param work what the handler does, as the variants of the benchmark name it. */
function untraced(work?: string): ModuleMetadata {
  return { controllers: [controllerFor(work)] };
}

function traced(options: TracingModuleOptions, work?: string): ModuleMetadata {
  return { ...untraced(work), imports: [TracingModule.forRoot(options)] };
}
