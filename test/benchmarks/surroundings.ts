import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

const packages = [
  '@nestjs/core',
  'express',
  'fastify',
  'nestjs-cls',
  'winston',
  'nestjs-pino',
  'pino-http',
  'pino',
  'pino-pretty',
  'sonic-boom',
  'nest-winston',
  'cls-rtracer',
  '@opentelemetry/sdk-trace-node',
  '@opentelemetry/instrumentation-http',
  '@opentelemetry/instrumentation-express',
  '@opentelemetry/instrumentation-winston',
  '@fastify/otel',
] as const;

export function machine(): string {
  const [first] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${first?.model.trim()}, ${gigabytes} GB, ${type()} ${release()}`;
}

export function versions(): string {
  return packages.map((name) => `${name} ${versionOf(name)}`).join(', ');
}

// Read from its place: most packages do not export their package.json.
function versionOf(name: string): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
