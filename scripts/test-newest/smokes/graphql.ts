import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule } from '@nestjs/graphql';
import { graphqlCheck, RecipesResolver, smoke } from './graphql-check.js';

await smoke({
  metadata: {
    imports: [
      GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true }),
    ],
    providers: [RecipesResolver],
  },
  check: graphqlCheck,
});
