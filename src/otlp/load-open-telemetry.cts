// A CommonJS file in both builds. A static `import` of a package that is not installed fails before
// any code runs that could say what to install; and a bundler finds these calls, as it would imports.

/** Loads what every export needs. */
export const SHARED = {
  '@opentelemetry/api': () => require('@opentelemetry/api') as typeof import('@opentelemetry/api'),
  '@opentelemetry/core': () =>
    require('@opentelemetry/core') as typeof import('@opentelemetry/core'),
  '@opentelemetry/resources': () =>
    require('@opentelemetry/resources') as typeof import('@opentelemetry/resources'),
};

/** What is needed besides, unless the options say otherwise. One of the two encodings is enough. */
export const EXPORTERS = {
  '@opentelemetry/sdk-trace': (): unknown => {
    try {
      return require('@opentelemetry/sdk-trace-base');
    } catch {
      // Not installed: it is the name that OpenTelemetry 2 had for it.
      return require('@opentelemetry/sdk-trace');
    }
  },
  '@opentelemetry/sdk-logs': (): unknown => require('@opentelemetry/sdk-logs'),
  '@opentelemetry/exporter-trace-otlp-proto': (): unknown => {
    try {
      return require('@opentelemetry/exporter-trace-otlp-http');
    } catch {
      // Not installed: it is the less usual one.
      return require('@opentelemetry/exporter-trace-otlp-proto');
    }
  },
  '@opentelemetry/exporter-logs-otlp-proto': (): unknown => {
    try {
      return require('@opentelemetry/exporter-logs-otlp-http');
    } catch {
      // The same.
      return require('@opentelemetry/exporter-logs-otlp-proto');
    }
  },
};

/** The file that they are loaded from. */
export const LOADED_FROM = __filename;
