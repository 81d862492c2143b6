import { loadPackages } from '../options/load-packages.js';
import { versionSeenFrom } from '../records/package-version.js';
import { checkVersion, isWithin } from '../records/supported-version.js';
import { EXPORTERS, LOADED_FROM, SHARED } from './load-open-telemetry.cjs';

/** The entry that needs the packages, as errors name it. */
export const ENTRY = 'nestjs-tracing/otlp';

/** What fits OpenTelemetry 2. The packages of a release fit each other, and none of another one. */
const VERSIONS_OF_2 = {
  '@opentelemetry/api': '~1.9',
  '@opentelemetry/core': '2',
  '@opentelemetry/resources': '2',
  '@opentelemetry/sdk-trace': '2',
  '@opentelemetry/sdk-logs': '0.223',
  '@opentelemetry/exporter-trace-otlp-proto': '0.223',
  '@opentelemetry/exporter-logs-otlp-proto': '0.223',
  '@opentelemetry/exporter-trace-otlp-http': '0.223',
  '@opentelemetry/exporter-logs-otlp-http': '0.223',
};

/**
 * The versions to install beside what there is. Where there is nothing, npm finds the right ones: the
 * newest that run on this Node.
 */
export const VERSIONS: Readonly<Record<string, string>> = hasOpenTelemetry2() ? VERSIONS_OF_2 : {};

function hasOpenTelemetry2(): boolean {
  const api = versionSeenFrom(LOADED_FROM, '@opentelemetry/api');
  const core = versionSeenFrom(LOADED_FROM, '@opentelemetry/core');
  // The API is at 1.10 with OpenTelemetry 3.
  return core === undefined ? api !== undefined && !isWithin(api, '^1.10') : isWithin(core, '^2');
}

/** The packages that every export needs, or a `TracingConfigError` that says how to install them. */
export const {
  '@opentelemetry/api': api,
  '@opentelemetry/core': core,
  '@opentelemetry/resources': resources,
} = loadPackages(ENTRY, SHARED, { also: EXPORTERS, versions: VERSIONS });

/**
 * Whether spans and log entries can be exported with the versions that are installed. Where they
 * cannot, there is one warning, and the application starts without the export.
 */
export function canExport(): boolean {
  return (['@opentelemetry/core', '@opentelemetry/resources'] as const).every((name) =>
    checkVersion(
      { package: name, range: '^2 || ^3', without: 'spans and log entries are not exported' },
      versionSeenFrom(LOADED_FROM, name),
    ),
  );
}
