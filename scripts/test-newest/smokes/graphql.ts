import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Logger } from '@nestjs/common';
import { Args, GraphQLModule, Int, Query, Resolver } from '@nestjs/graphql';
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
  metadata: {
    imports: [
      GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true }),
    ],
    providers: [RecipesResolver],
  },
  check: graphqlCheck,
});
