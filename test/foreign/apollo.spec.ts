import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  Args,
  Field,
  GraphQLModule,
  Int,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
} from '@nestjs/graphql';
import { GraphQLError } from 'graphql';
import { TraceContext, TraceId } from '../../src/index.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import { overlapRequests, pause, say } from './overlapping-requests.js';
import { expectCallsOf, Upstream } from './upstream.js';

// Apollo, with resolvers that throw and a loader that gathers what is asked for in one tick.

@ObjectType()
class Customer {
  @Field(() => Int)
  id!: number;
}

@ObjectType()
class Order {
  @Field(() => Int)
  id!: number;

  customer?: Customer;
}

/** One for the whole application, so that a batch is made of what several requests ask for. */
@Injectable()
class CustomerLoader {
  batches = 0;
  private waiting: { id: number; resolve: (customer: Customer) => void }[] = [];

  load(id: number): Promise<Customer> {
    return new Promise((resolve) => {
      this.waiting.push({ id, resolve });
      // In a later tick, so that other requests join; it belongs to the request that asked first.
      if (this.waiting.length === 1) setTimeout(() => void this.flush(), 2);
    });
  }

  private async flush(): Promise<void> {
    const batch = this.waiting;
    this.waiting = [];
    this.batches++;
    await pause();
    for (const { id, resolve } of batch) resolve({ id });
  }
}

@Resolver(() => Order)
class OrdersResolver {
  constructor(
    private readonly trace: TraceContext,
    private readonly loader: CustomerLoader,
  ) {}

  @Query(() => Order)
  async order(
    @Args('id', { type: () => Int }) id: number,
    @Args('upstream') upstream: string,
    @TraceId() traceId: string,
  ): Promise<Order> {
    this.trace.set('own', `own-${id}`);
    say(id, traceId === this.trace.traceId ? 'ordering' : `ordering in ${traceId}`);
    await (await fetch(`${upstream}/orders/${id}`)).text();
    await pause();
    return { id };
  }

  @ResolveField(() => Customer)
  async customer(@Parent() { id }: Order): Promise<Customer> {
    const customer = await this.loader.load(id);
    say(id, 'has its customer');
    return customer;
  }

  @Query(() => Order)
  async broken(@Args('id', { type: () => Int }) id: number): Promise<Order> {
    this.trace.set('own', `own-${id}`);
    await pause();
    say(id, 'breaking');
    throw new Error(`order ${id} is broken`);
  }

  @Query(() => Order)
  async refused(@Args('id', { type: () => Int }) id: number): Promise<Order> {
    this.trace.set('own', `own-${id}`);
    await pause();
    say(id, 'refusing');
    throw new GraphQLError(`order ${id} is none`, { extensions: { code: 'BAD_USER_INPUT' } });
  }
}

const KINDS = ['order', 'order', 'broken', 'refused'] as const;
const kindOf = (n: number): (typeof KINDS)[number] => KINDS[n % KINDS.length]!;
const LEVELS = { order: 'info', broken: 'error', refused: 'warn' };
const OUTCOMES = { order: 'completed', broken: 'errored', refused: 'completed' };

describe.each(PLATFORMS)('Apollo on %s', (platform) => {
  it('answers each request with its own', async () => {
    const upstream = await Upstream.start();
    const app = await tracedApp(platform)
      .of({
        imports: [
          GraphQLModule.forRoot<ApolloDriverConfig>({
            driver: ApolloDriver,
            autoSchemaFile: true,
            playground: false,
            path: '/graphql',
          }),
        ],
        providers: [OrdersResolver, CustomerLoader],
      })
      .start();
    const queryOf = (n: number): string => {
      const kind = kindOf(n);
      return kind === 'order'
        ? `query Order { order(id: ${n}, upstream: "${upstream.url}") { id customer { id } } }`
        : `query Failed { ${kind}(id: ${n}) { id } }`;
    };
    const found = await overlapRequests(app, {
      path: () => '/graphql',
      headers: () => ({ 'content-type': 'application/json' }),
      body: (n) => JSON.stringify({ query: queryOf(n) }),
      level: (n) => LEVELS[kindOf(n)],
      outcome: (n) => OUTCOMES[kindOf(n)],
      fields: (n) => ({
        own: `own-${n}`,
        pattern: `Query.${kindOf(n)}`,
        ...(kindOf(n) !== 'order' && { graphql_errors: 1 }),
        ...(kindOf(n) === 'broken' && { error: { message: `order ${n} is broken` } }),
      }),
    });
    expect(app.app.get(CustomerLoader).batches).toBeLessThan(100);
    for (const { n, body } of found.answers) {
      const { data, errors } = JSON.parse(body) as Record<string, unknown>;
      if (kindOf(n) === 'order') expect(data).toEqual({ order: { id: n, customer: { id: n } } });
      else expect(errors).toHaveLength(1);
    }
    expectCallsOf(
      { ...found, answers: found.answers.filter(({ n }) => kindOf(n) === 'order') },
      upstream,
    );
  });
});
