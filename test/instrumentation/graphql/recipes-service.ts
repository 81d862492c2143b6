import 'reflect-metadata';
import '../../support/print-spans.js';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TracingLogger, TracingModule, type TracingModuleOptions } from 'nestjs-tracing';
import { apolloPlugin, mercuriusCallbacks, mercuriusHooks, wsCallbacks } from './callbacks.js';
import { FaultsResolver } from './faults.js';
import { RecipesResolver } from './recipes.js';

// A GraphQL endpoint in a process of its own. Mercurius does not load in Jest's on Node 20.

const { SERVER, TRACING = '{}', CALLBACKS, HIDES_ERRORS } = process.env;

const graphql =
  SERVER === 'Mercurius'
    ? GraphQLModule.forRoot<MercuriusDriverConfig>({
        driver: MercuriusDriver,
        autoSchemaFile: true,
        fieldResolverEnhancers: ['guards'],
        allowBatchedQueries: true,
        subscription: { fullWsTransport: true, ...(CALLBACKS && mercuriusCallbacks) },
        ...(CALLBACKS && { hooks: mercuriusHooks }),
        ...(HIDES_ERRORS && {
          errorFormatter: () => ({ statusCode: 200, response: { data: {} } }),
        }),
      })
    : GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        autoSchemaFile: true,
        fieldResolverEnhancers: ['guards'],
        allowBatchedHttpRequests: true,
        graphiql: false,
        subscriptions: { 'graphql-ws': CALLBACKS ? wsCallbacks : true },
        ...(CALLBACKS && { plugins: [apolloPlugin] }),
        ...(HIDES_ERRORS && {
          formatError: () => ({ message: 'hidden', extensions: { code: 'BAD_USER_INPUT' } }),
        }),
      });

@Module({
  imports: [
    TracingModule.forRoot({ format: 'json', ...(JSON.parse(TRACING) as TracingModuleOptions) }),
    graphql,
  ],
  providers: [RecipesResolver, FaultsResolver],
})
class AppModule {}

const adapter = SERVER === 'Apollo on Express' ? new ExpressAdapter() : new FastifyAdapter();
const app = await NestFactory.create(AppModule, adapter as ExpressAdapter, {
  bufferLogs: true,
  forceCloseConnections: true,
});
app.useLogger(app.get(TracingLogger));
await app.listen(0, '127.0.0.1');
process.send?.({ port: (app.getHttpServer().address() as { port: number }).port });
