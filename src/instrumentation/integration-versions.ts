import type { ModulesContainer } from '@nestjs/core';
import { checkVersion, type SupportedVersions } from '../records/supported-version.js';
import { hasMethods } from './provided-class.js';

/** The versions with which an integration is tested, and how an application that uses it is known. */
interface Integration extends SupportedVersions {
  /** Whether a module is the package's, or one that needs the package. */
  readonly isModule: (type: Function) => boolean;
}

const INTEGRATIONS: readonly Integration[] = [
  {
    package: '@nestjs/bull',
    range: '^11 || ^12',
    without: 'jobs may not be traced',
    isModule: isBullModule,
  },
  {
    package: 'bull',
    range: '^4',
    without: 'jobs may not be traced',
    isModule: isBullModule,
  },
  {
    package: '@nestjs/bullmq',
    range: '^11 || ^12',
    without: 'jobs may not be traced',
    isModule: isBullmqModule,
  },
  {
    package: 'bullmq',
    range: '^5 || ^6',
    without: 'jobs may not be traced',
    isModule: isBullmqModule,
  },
  {
    package: '@nestjs/cqrs',
    range: '^11 || ^12',
    without: 'sagas and events may not have the trace that they began in',
    isModule: named('CqrsModule'),
  },
  {
    package: '@nestjs/graphql',
    range: '^13 || ^14',
    without: 'operations may not have names, and subscriptions may not be traced',
    isModule: named('GraphQLModule'),
  },
  {
    package: 'graphql',
    range: '^16 || ^17',
    without: 'operations may not have names, and subscriptions may not be traced',
    isModule: named('GraphQLModule'),
  },
  {
    package: '@nestjs/schedule',
    range: '^6 || ^12',
    without: 'scheduled methods and cron jobs may not be traced',
    isModule: named('ScheduleModule'),
  },
  {
    package: '@golevelup/nestjs-rabbitmq',
    range: '^5 || ^6 || ^7 || ^8 || ^9',
    without: 'its messages may not be traced',
    isModule: (type) => hasMethods(type, 'AmqpConnectionFactory'),
  },
  {
    package: '@rekog/mcp-nest',
    range: '^1 || ^2',
    without: 'messages of MCP may not be traced',
    isModule: named('McpModule'),
  },
];

/** Says which of the packages that an application uses have a version that is not supported. */
export function checkIntegrations(modules: ModulesContainer): void {
  for (const integration of INTEGRATIONS) {
    if (hasModule(modules, integration.isModule)) checkVersion(integration);
  }
}

/** Whether an application has a module. */
export function hasModule(
  modules: ModulesContainer,
  isModule: (type: Function) => boolean,
): boolean {
  for (const { metatype } of modules.values()) {
    if (typeof metatype === 'function' && isModule(metatype)) return true;
  }
  return false;
}

/**
 * The name decides only what is warned of and which instrumentation is loaded: a package is changed
 * by its shape.
 */
export function named(name: string): (type: Function) => boolean {
  return (type) => type.name === name;
}

/**
 * Whether a module is that of `@nestjs/bull`. `@nestjs/bullmq` has such a module too, with flow
 * producers, which only BullMQ has.
 */
export function isBullModule(type: Function): boolean {
  return (
    hasMethods(type, 'registerQueue', 'registerQueueAsync') &&
    !hasMethods(type, 'registerFlowProducer')
  );
}

/**
 * Whether a module is that of `@nestjs/bullmq`. The older `@nestjs/bull` has a `BullModule` too, as
 * may any other package. Only this one has flow producers, which only BullMQ has.
 */
export function isBullmqModule(type: Function): boolean {
  return hasMethods(type, 'registerQueue', 'registerFlowProducer');
}
