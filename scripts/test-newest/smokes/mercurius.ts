import { Logger } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { Args, GraphQLModule, Int, Query, Resolver } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { graphqlCheck, smoke } from './graphql-check.js';

@Resolver()
class RecipesResolver {
  private readonly logger = new Logger('Recipes');

  @Query(() => Int)
  recipe(@Args('n', { type: () => Int }) n: number): number {
    this.logger.log(`recipe ${n}`);
    return n;
  }
}

await smoke({
  adapter: new FastifyAdapter({ forceCloseConnections: true }) as unknown as AbstractHttpAdapter,
  metadata: {
    imports: [
      GraphQLModule.forRoot<MercuriusDriverConfig>({
        driver: MercuriusDriver,
        autoSchemaFile: true,
      }),
    ],
    providers: [RecipesResolver],
  },
  check: graphqlCheck,
});
