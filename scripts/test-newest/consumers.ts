import type { BrokerName } from '../../test/brokers/servers/brokers.js';

/** A server that a smoke test needs. */
export type ServerName =
  Extract<BrokerName, 'redis' | 'rabbitmq' | 'kafka' | 'postgres' | 'mariadb'> | 'mongodb' | 'sqs';

/** An application that installs the newest of some packages beside the tarball. */
export interface Consumer {
  /** Its smoke test: a file in `smokes/`. */
  readonly smoke: string;
  /** What it is about: a row of the table each. */
  readonly packages: readonly string[];
  /** What these need besides. */
  readonly others?: readonly string[];
  readonly server?: ServerName;
  /** The major version of NestJS, where the packages do not allow the newest. */
  readonly nest?: 11;
  /** What a reader of its rows has to know. */
  readonly note?: string;
  /** Packages of which the newest prerelease is tried, also where others ask for another version. */
  readonly prereleases?: readonly string[];
}

const OPEN_TELEMETRY = [
  ...['api', 'core', 'resources', 'sdk-trace', 'sdk-logs'],
  ...['exporter-trace-otlp-proto', 'exporter-logs-otlp-proto'],
].map((name) => `@opentelemetry/${name}`);

const APOLLO = ['@nestjs/apollo', '@apollo/server', '@as-integrations/express5'];
const MERCURIUS = ['@nestjs/mercurius', 'mercurius', '@nestjs/platform-fastify', 'fastify'];

export const CONSUMERS: readonly Consumer[] = [
  { smoke: 'express', packages: ['express', 'winston', 'nestjs-cls'] },
  { smoke: 'fastify', packages: ['fastify'], others: ['@nestjs/platform-fastify'] },
  {
    smoke: 'fastify',
    packages: [],
    prereleases: ['fastify'],
    others: ['@nestjs/platform-fastify'],
  },
  {
    smoke: 'types',
    packages: ['typescript'],
    others: [
      ...['@types/node', '@types/express', 'prom-client', 'vitest', '@jest/globals'],
      ...OPEN_TELEMETRY,
    ],
  },
  {
    smoke: 'graphql',
    packages: ['graphql'],
    others: ['@nestjs/graphql', ...APOLLO],
    note: 'with Apollo',
  },
  {
    smoke: 'mercurius',
    packages: ['graphql'],
    others: ['@nestjs/graphql', ...MERCURIUS],
    note: 'with Mercurius',
  },
  {
    smoke: 'graphql',
    packages: ['@nestjs/graphql', '@nestjs/apollo', '@apollo/server'],
    others: ['graphql@16', ...APOLLO],
    note: 'with graphql 16',
  },
  {
    smoke: 'mercurius',
    packages: ['@nestjs/mercurius', 'mercurius'],
    others: ['graphql@16', '@nestjs/graphql', ...MERCURIUS],
    note: 'with graphql 16',
  },
  { smoke: 'open-telemetry', packages: OPEN_TELEMETRY },
  { smoke: 'prom-client', packages: ['prom-client'] },
  { smoke: 'pino', packages: ['nestjs-pino', 'pino'], others: ['pino-http'] },
  { smoke: 'ioredis', packages: ['ioredis'], server: 'redis' },
  { smoke: 'redis', packages: ['redis'], server: 'redis' },
  { smoke: 'pg', packages: ['pg'], server: 'postgres' },
  { smoke: 'mysql2', packages: ['mysql2'], server: 'mariadb' },
  { smoke: 'mongoose', packages: ['mongoose'], server: 'mongodb' },
  { smoke: 'bullmq', packages: ['bullmq', '@nestjs/bullmq'], others: ['ioredis'], server: 'redis' },
  { smoke: 'kafkajs', packages: ['kafkajs', '@nestjs/microservices'], server: 'kafka' },
  {
    smoke: 'rabbitmq',
    packages: ['@golevelup/nestjs-rabbitmq'],
    nest: 11,
    note: 'with NestJS 11, the newest that it allows',
    server: 'rabbitmq',
  },
  { smoke: 'sqs', packages: ['sqs-consumer', '@aws-sdk/client-sqs'], server: 'sqs' },
  { smoke: 'pg-boss', packages: ['pg-boss'], server: 'postgres' },
  { smoke: 'piscina', packages: ['piscina'] },
  { smoke: 'commander', packages: ['nest-commander'], others: ['@types/inquirer@8'] },
  { smoke: 'node-cron', packages: ['node-cron'] },
  { smoke: 'ai', packages: ['ai'], others: ['zod'] },
  {
    smoke: 'mcp',
    packages: ['@modelcontextprotocol/server', '@modelcontextprotocol/client'],
    others: ['@modelcontextprotocol/node', 'zod'],
  },
];
