import type { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { Logger } from 'winston';
import { AccessLog } from '../access-log/access-log.js';
import { LateFailures } from '../access-log/late-failures.js';
import { skippedHandlers } from '../access-log/skipped-handlers.js';
import { FlightRecorder } from '../logging/flight-recorder.js';
import { EntryWriter } from '../logging/winston/entry-writer.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import { canonicalPaths } from './path-rules.js';

/** The access log of an application: its lines, and what the flight recorder writes before them. */
export function openAccessLog(
  { accessLog, flightRecorder, lineLimits, policy }: ResolvedTracingOptions,
  logger: Logger,
  host: HttpAdapterHost,
  modules: ModulesContainer,
): AccessLog {
  const writer = new EntryWriter(logger);
  const canonical = canonicalPaths(() => host.httpAdapter);
  const recorder = flightRecorder && new FlightRecorder(flightRecorder, accessLog);
  const write = writer.writeLine.bind(writer);
  if (accessLog !== false && policy.lateFailures !== undefined) {
    policy.lateFailures.current = new LateFailures(write).report;
  }
  return new AccessLog(
    accessLog,
    write,
    canonical,
    skippedHandlers(modules),
    recorder,
    lineLimits?.redaction,
  );
}
