import { loadPackages } from '../options/load-packages.js';
import { versionSeenFrom } from '../records/package-version.js';
import { checkVersion } from '../records/supported-version.js';
import { LOADED_FROM, loadPromClient } from './load-prom-client.cjs';

const NAME = 'prom-client';

/** `prom-client`, or a `TracingConfigError` that says how to install it. */
export const { [NAME]: promClient } = loadPackages('nestjs-tracing/metrics', {
  [NAME]: loadPromClient,
});

/** Whether it has OpenMetrics and exemplars, which came with version 15. */
export const hasExemplars =
  (promClient.Registry as { OPENMETRICS_CONTENT_TYPE?: string }).OPENMETRICS_CONTENT_TYPE !==
  undefined;

/** Warns once where the version of `prom-client` is not supported. */
export function checkPromClient(): void {
  const without = hasExemplars
    ? 'metrics may be missing'
    : 'metrics have no exemplars, and no OpenMetrics format';
  checkVersion({ package: NAME, range: '^15', without }, versionSeenFrom(LOADED_FROM, NAME));
}
