import type { ClientOptions, MicroserviceOptions } from '@nestjs/microservices';

/** What the processes of a test speak: `TRANSPORT` is the options of NestJS, as JSON. */
export function serverOptions(name: string): MicroserviceOptions {
  return optionsOf(name) as MicroserviceOptions;
}

/** The same for a client. */
export function clientOptions(name: string): ClientOptions {
  return optionsOf(name) as ClientOptions;
}

function optionsOf(name: string): unknown {
  return JSON.parse(process.env[name] ?? '{}');
}
