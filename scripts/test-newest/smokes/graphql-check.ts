import { Logger, type INestApplication } from '@nestjs/common';
import { Args, Int, Query, Resolver } from '@nestjs/graphql';
import { expectThat, lineOf, traceIdOf } from './smoke.js';

export { smoke } from './smoke.js';

@Resolver()
export class RecipesResolver {
  private readonly logger = new Logger('Recipes');

  @Query(() => Int)
  recipe(@Args('n', { type: () => Int }) n: number): number {
    this.logger.log(`recipe ${n}`);
    return n;
  }
}

/** Operations that overlap: the resolver's lines and the access log line are those of the request. */
export async function graphqlCheck(app: INestApplication): Promise<string> {
  const url = `${await app.getUrl()}/graphql`;
  await Promise.all(
    [0, 1, 2, 3, 4].map(async (n) => {
      const trace_id = traceIdOf(100 + n);
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          traceparent: `00-${trace_id}-b7ad6b7169203331-01`,
        },
        body: JSON.stringify({ query: `query Find { recipe(n: ${n}) }` }),
      });
      const text = await response.text();
      expectThat(text.includes(`{"recipe":${n}}`), `the operation is answered with ${text}`);
      const { span_id } = await lineOf({ message: `recipe ${n}`, trace_id });
      await lineOf({
        ...{ message: 'Request finished', trace_id, span_id },
        ...{ graphql_operation: 'Find', pattern: 'Query.recipe' },
      });
    }),
  );
  return '5 overlapping operations: ids right';
}
