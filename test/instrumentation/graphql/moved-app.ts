import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { AbstractGraphQLDriver, GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { GraphQLSchema } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { TracingModule } from '../../../src/index.js';
import { movedLogger } from '../../support/moved-sink.js';

// `MOVED_GRAPHQL` says what of GraphQL is not as expected.
const moved = process.env['MOVED_GRAPHQL'];

@Controller()
class RootController {
  @Get()
  root(): string {
    return 'root';
  }
}

@Resolver()
class GreetingResolver {
  @Query(() => String)
  greeting(): string {
    return 'hello';
  }

  @Query(() => String, { nullable: true })
  failing(): string {
    throw new Error('failed');
  }
}

/** A driver whose `start` cannot be replaced. */
@Injectable()
class SealedDriver extends ApolloDriver {
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    super(modules);
    Object.defineProperty(this, 'start', { value: this.start.bind(this) });
  }
}

/** Makes the resolvers of a schema properties that can be assigned, but not defined anew. */
function sealFields(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getQueryType()!.getFields())) Object.seal(field);
  return schema;
}

if (moved === 'names') {
  // As a bundler may do.
  for (const [index, type] of [
    AbstractGraphQLDriver,
    Object.getPrototypeOf(ApolloDriver) as Type,
    ApolloDriver,
    GraphQLModule,
    HttpAdapterHost,
  ].entries()) {
    Object.defineProperty(type, 'name', { value: `a${index}` });
  }
}

@Module({
  imports: [
    TracingModule.forRoot({ logger: movedLogger }),
    moved === 'mercurius'
      ? GraphQLModule.forRoot<MercuriusDriverConfig>({
          driver: MercuriusDriver,
          autoSchemaFile: true,
          subscription: { fullWsTransport: true },
        })
      : GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: moved === 'driver' ? SealedDriver : ApolloDriver,
          autoSchemaFile: true,
          graphiql: false,
          ...(moved === 'fields' && { transformSchema: sealFields }),
        }),
  ],
  controllers: [RootController],
  providers: [GreetingResolver],
})
export class AppModule {}

export const createAdapter =
  moved === 'mercurius' ? (): FastifyAdapter => new FastifyAdapter() : undefined;

/** Sends an operation over HTTP and, to Mercurius, one over a WebSocket where it can take one. */
export async function exercise(app: INestApplication): Promise<void> {
  const url = `${await app.getUrl()}/graphql`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'query Greet { greeting failing }' }),
  });
  if (!(await response.text()).includes('hello')) throw new Error('no answer over HTTP');
  if (moved === 'mercurius') await overWebSocket(url.replace('http', 'ws'));
}

async function overWebSocket(url: string): Promise<void> {
  const client = createClient({ url, webSocketImpl: WebSocket, lazy: false, retryAttempts: 0 });
  await new Promise((resolve) => client.on('connected', resolve));
  if (process.env['MOVED_OPERATION'] !== undefined) {
    const results = client.iterate({ query: 'query Again { greeting }' });
    const { value } = await results.next();
    if (value?.data?.['greeting'] !== 'hello') throw new Error('no answer over a WebSocket');
    await results.next();
  }
  await client.dispose();
}
