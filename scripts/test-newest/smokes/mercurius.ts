import { GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { graphqlCheck, RecipesResolver, smoke } from './graphql-check.js';

await smoke({
  adapter: new FastifyAdapter({ forceCloseConnections: true }),
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
