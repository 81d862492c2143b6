import 'reflect-metadata';
import type { TracedApplication } from '../../context/traced-application.js';
import { targetOf, type McpMessage } from './message.js';

/** What `@rekog/mcp-nest` notes on a method. */
interface Capability {
  /** Default: that of the method. */
  readonly name?: string;
  readonly uri?: string;
}

/** By the metadata of the decorator: the method of MCP that calls it. */
const CAPABILITIES: Readonly<Record<string, string>> = {
  'mcp:tool': 'tools/call',
  'mcp:prompt': 'prompts/get',
  'mcp:resource': 'resources/read',
};

const namesOf = new WeakMap<TracedApplication, ReadonlyMap<string, string>>();

/** The method of a class that handles a message, as in `PaymentTools.pay`, where it is known. */
export function handlerOf(application: TracedApplication, message: McpMessage): string | undefined {
  const target = targetOf(message);
  if (target === undefined) return undefined;
  let names = namesOf.get(application);
  if (names === undefined) namesOf.set(application, (names = handlersIn(application)));
  return names.get(`${String(message.method)} ${target}`);
}

function handlersIn({ modules }: TracedApplication): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { controllers, providers } of modules.values()) {
    for (const { metatype } of [...controllers.values(), ...providers.values()]) {
      if (typeof metatype === 'function') addHandlers(names, metatype);
    }
  }
  return names;
}

function addHandlers(names: Map<string, string>, type: Function): void {
  const prototype = Object(type.prototype) as object;
  for (const method of Object.getOwnPropertyNames(prototype)) {
    const value: unknown = Object.getOwnPropertyDescriptor(prototype, method)?.value;
    if (typeof value !== 'function') continue;
    for (const [key, call] of Object.entries(CAPABILITIES)) {
      const capability = Reflect.getMetadata(key, value) as Capability | undefined;
      if (capability === undefined) continue;
      names.set(`${call} ${capability.uri ?? capability.name ?? method}`, `${type.name}.${method}`);
    }
  }
}
