import { EventEmitter, on } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Catch,
  Inject,
  Injectable,
  Logger,
  NotFoundException,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import {
  Args,
  Context,
  Field,
  Int,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { finalize, type Observable } from 'rxjs';
import { RequestId, SessionId, TraceContext, TraceId } from 'nestjs-tracing';

@ObjectType()
export class Author {
  @Field()
  name!: string;
}

@ObjectType()
export class Recipe {
  @Field()
  title!: string;
}

@ObjectType()
export class Ids {
  @Field()
  traceId!: string;
  @Field()
  requestId!: string;
  @Field()
  sessionId!: string;
  @Field(() => String, { nullable: true })
  tracestate!: string | undefined;
}

const logger = new Logger('recipes');
const events = new EventEmitter().setMaxListeners(0);

/** Publishes in the context of the caller, as an emitter does. */
function publish(topic: string, title: string): void {
  events.emit(topic, { title });
}

@Injectable()
class LoggingGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    logger.log(`guard of ${context.getHandler().name}`);
    await Promise.resolve();
    return context.getHandler().name !== 'forbidden';
  }
}

@Injectable()
class LoggingInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    logger.log(`interceptor of ${context.getHandler().name}`);
    return next
      .handle()
      .pipe(finalize(() => logger.log(`interceptor after ${context.getHandler().name}`)));
  }
}

@Catch()
class LoggingFilter implements ExceptionFilter {
  catch(error: Error, _host: ArgumentsHost): Error {
    logger.log(`filter of ${error.message}`);
    return error;
  }
}

@Injectable()
class LoggingPipe implements PipeTransform {
  transform(value: unknown): unknown {
    logger.log('pipe');
    return value;
  }
}

/** As DataLoader does it: one look-up for all keys requested in one tick. */
class Batch {
  private open: { keys: string[]; names: Promise<string[]> } | undefined;

  async load(key: string): Promise<string> {
    const batch = (this.open ??= this.begin());
    const at = batch.keys.push(key) - 1;
    return (await batch.names)[at]!;
  }

  private begin() {
    const keys: string[] = [];
    const names = new Promise<string[]>((resolve) => {
      void Promise.resolve().then(() => process.nextTick(() => resolve(this.look(keys))));
    });
    return { keys, names };
  }

  private async look(keys: string[]): Promise<string[]> {
    this.open = undefined;
    await sleep(2);
    logger.log(`batch of ${keys.length}`);
    return keys.map((key) => `author of ${key}`);
  }
}

@UseGuards(LoggingGuard)
@UseInterceptors(LoggingInterceptor)
@UseFilters(LoggingFilter)
@Resolver(() => Recipe)
export class RecipesResolver {
  constructor(@Inject(TraceContext) private readonly trace: TraceContext) {}

  @Query(() => [Recipe])
  async recipes(@Args('count', { type: () => Int }, LoggingPipe) count: number): Promise<Recipe[]> {
    await sleep(3);
    logger.log('resolver');
    return Array.from({ length: count }, (_, index) => ({ title: `r${index}` }));
  }

  @Query(() => String, { name: 'wait' })
  async waitFor(@Args('ms', { type: () => Int }) ms: number): Promise<string> {
    await sleep(ms);
    logger.log(`waited ${ms}`);
    return 'done';
  }

  @Query(() => Ids)
  ids(
    @TraceId() traceId: string,
    @RequestId() requestId: string,
    @SessionId() sessionId: string,
  ): Ids {
    const { tracestate } = this.trace.headers();
    return { traceId, requestId, sessionId, tracestate };
  }

  @Query(() => String, { nullable: true })
  async broken(): Promise<string> {
    await sleep(1);
    throw new NotFoundException('no such recipe');
  }

  @Query(() => String, { nullable: true })
  forbidden(): string {
    return 'never';
  }

  /** Calls another service. */
  @Query(() => String)
  async remote(@Args('url') url: string, @Args('query') query: string): Promise<string> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    return response.text();
  }

  @Mutation(() => Recipe)
  async add(@Args('title') title: string): Promise<Recipe> {
    await sleep(1);
    publish('added', title);
    logger.log(`added ${title}`);
    return { title };
  }

  @Subscription(() => Recipe, {
    filter: ([recipe]: [Recipe]) => {
      logger.log(`filter function of ${recipe.title}`);
      if (recipe.title === 'poison') throw new Error('poisoned filter');
      return recipe.title !== 'secret';
    },
    resolve: async ([recipe]: [Recipe]) => {
      await sleep(1);
      logger.log(`resolve function of ${recipe.title}`);
      return recipe;
    },
  })
  async added(): Promise<AsyncIterableIterator<unknown[]>> {
    await sleep(1);
    const stream = on(events, 'added');
    logger.log('listening');
    return stream;
  }

  /** Never comes to an end: a generator that waits does not notice that it shall return. */
  @Subscription(() => Recipe)
  async *blocked(): AsyncGenerator<Recipe> {
    logger.log('listening');
    await new Promise(() => {});
    yield { title: 'never' };
  }

  /** Ends by itself. */
  @Subscription(() => Recipe, { resolve: (recipe: Recipe) => recipe })
  async *three(): AsyncGenerator<Recipe> {
    for (const title of ['one', 'two', 'three']) {
      await sleep(2);
      logger.log(`yields ${title}`);
      yield { title };
    }
  }

  @Subscription(() => Recipe)
  async refused(): Promise<AsyncIterableIterator<Recipe>> {
    await sleep(1);
    throw new Error('no subscription');
  }

  @ResolveField(() => Author)
  async author(@Parent() recipe: Recipe, @Context() context: { authors?: Batch }): Promise<Author> {
    if (recipe.title === 'anonymous') throw new Error('no author');
    const name = await (context.authors ??= new Batch()).load(recipe.title);
    logger.log(`field of ${recipe.title}`);
    return { name };
  }
}
