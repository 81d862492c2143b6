import type { ClientOptions, MicroserviceOptions } from '@nestjs/microservices';

/** The server options in an environment variable, which holds NestJS's options as JSON. */
export function serverOptions(name: string): MicroserviceOptions {
  return optionsOf(name) as MicroserviceOptions;
}

/** The client options in an environment variable. */
export function clientOptions(name: string): ClientOptions {
  return optionsOf(name) as ClientOptions;
}

function optionsOf(name: string): unknown {
  return JSON.parse(process.env[name] ?? '{}');
}
