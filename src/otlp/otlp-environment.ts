import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AgentOptions } from 'node:https';
import { api, core } from './open-telemetry.js';

/** A signal, as the names of environment variables have it. */
export type Signal = 'TRACES' | 'LOGS';

/** The longest delay of a timer in milliseconds, and a larger size than any queue needs. */
const MAX_NUMBER = 2 ** 31 - 1;

/**
 * Whether the environment disables all export. This has priority over the options in code.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration
 */
export function isDisabled(): boolean {
  return core.getBooleanFromEnv('OTEL_SDK_DISABLED');
}

/**
 * Whether the environment lets a signal be exported. It applies if the options do not decide it.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#exporter-selection
 */
export function isExported(signal: Signal): boolean {
  return core.getStringFromEnv(`OTEL_${signal}_EXPORTER`)?.toLowerCase() !== 'none';
}

/** The protocol from the environment: the one for this signal, or else the one for all signals. */
export function askedProtocol(signal: Signal): string | undefined {
  return (
    core.getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`) ??
    core.getStringFromEnv('OTEL_EXPORTER_OTLP_PROTOCOL')
  );
}

/**
 * The certificates and the key for a collector over HTTPS. A file that cannot be read is left out, as
 * OpenTelemetry's own exporters do; the export then fails and says why.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/#configuration-options
 */
export function tlsFromEnv(signal: Signal): Pick<AgentOptions, 'ca' | 'cert' | 'key'> {
  const ca = fileFromEnv(signal, 'CERTIFICATE');
  const cert = fileFromEnv(signal, 'CLIENT_CERTIFICATE');
  const key = fileFromEnv(signal, 'CLIENT_KEY');
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

function fileFromEnv(signal: Signal, name: string): Buffer | undefined {
  const path =
    core.getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_${name}`) ??
    core.getStringFromEnv(`OTEL_EXPORTER_OTLP_${name}`);
  if (path === undefined) return undefined;
  try {
    return readFileSync(resolve(path));
  } catch (error) {
    api.diag.warn(`The file of OTEL_EXPORTER_OTLP_${name} cannot be read: ${String(error)}`);
    return undefined;
  }
}

/**
 * A number from the environment, or the default if that is missing or out of range. The minimum is
 * 1 for sizes, because batches of size 0 would be sent endlessly.
 */
export function numberFromEnv(name: string, usual: number, least = 1): number {
  const value = core.getNumberFromEnv(name);
  if (value === undefined || !Number.isInteger(value)) return usual;
  return value < least || value > MAX_NUMBER ? usual : value;
}
