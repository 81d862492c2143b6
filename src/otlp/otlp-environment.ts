import { getBooleanFromEnv, getNumberFromEnv, getStringFromEnv } from '@opentelemetry/core';

type Signal = 'TRACES' | 'LOGS';

/** As many milliseconds as a timer takes, and more of anything than a queue needs. */
const MAX_NUMBER = 2 ** 31 - 1;

/**
 * Whether the operator lets nothing out, whatever the code says.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration
 */
export function isDisabled(): boolean {
  return getBooleanFromEnv('OTEL_SDK_DISABLED');
}

/**
 * Whether a signal is sent where the code does not say.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#exporter-selection
 */
export function isExported(signal: Signal): boolean {
  return getStringFromEnv(`OTEL_${signal}_EXPORTER`)?.toLowerCase() !== 'none';
}

/** A protocol that the environment asks for: that of the signal, else that of all. */
export function askedProtocol(signal: Signal): string | undefined {
  return (
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`) ??
    getStringFromEnv('OTEL_EXPORTER_OTLP_PROTOCOL')
  );
}

/** A number that makes sense; a batch of none would be sent for ever. */
export function numberFromEnv(name: string, usual: number, least = 1): number {
  const value = getNumberFromEnv(name);
  if (value === undefined || !Number.isInteger(value)) return usual;
  return value < least || value > MAX_NUMBER ? usual : value;
}
