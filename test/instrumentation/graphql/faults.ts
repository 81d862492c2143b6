import {
  Catch,
  ConflictException,
  ForbiddenException,
  HttpException,
  ServiceUnavailableException,
  UseFilters,
  UseGuards,
  type CanActivate,
  type ExceptionFilter,
} from '@nestjs/common';
import { Args, Query, Resolver } from '@nestjs/graphql';
import { GraphQLError } from 'graphql';
import { SkipAccessLog, Span } from 'nestjs-tracing';

class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** As clients of HTTP throw it for an answer of another service. */
class UpstreamError extends Error {
  readonly status = 404;
  readonly statusCode = 404;
}

/** By the name that a test asks for. */
const FAULTS: Readonly<Record<string, () => unknown>> = {
  store: () => new StoreError('the store is down', { cause: new Error('connection refused') }),
  upstream: () => new UpstreamError('no such price'),
  unavailable: () => new ServiceUnavailableException('try later'),
  uncoded: () => new GraphQLError('no code'),
  internal: () => new GraphQLError('internal', { extensions: { code: 'INTERNAL_SERVER_ERROR' } }),
  downstream: () => new GraphQLError('gone', { extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } }),
  text: () => 'a text',
  conflict: () => new ConflictException('taken'),
  teapot: () => new HttpException('short and stout', 418),
  input: () => new GraphQLError('no such size', { extensions: { code: 'BAD_USER_INPUT' } }),
  unauthenticated: () => new GraphQLError('who?', { extensions: { code: 'UNAUTHENTICATED' } }),
  forbidden: () => new GraphQLError('not you', { extensions: { code: 'FORBIDDEN' } }),
  missing: () => new GraphQLError('no such one', { extensions: { code: 'NOT_FOUND' } }),
  limited: () =>
    new GraphQLError('slowly', { extensions: { code: 'SLOW', http: { status: 429 } } }),
};

class Denies implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException('not here');
  }
}

@Catch(StoreError)
class AsMistake implements ExceptionFilter {
  catch(): GraphQLError {
    return new GraphQLError('not in stock', { extensions: { code: 'BAD_USER_INPUT' } });
  }
}

@Catch(ConflictException)
class AsFailure implements ExceptionFilter {
  catch(): never {
    throw new StoreError('the filter has failed');
  }
}

@Resolver()
export class FaultsResolver {
  @Query(() => String, { nullable: true })
  fault(@Args('kind') kind: string): string {
    return this.fail(kind);
  }

  @Query(() => String, { nullable: true })
  @UseGuards(Denies)
  denied(): string {
    return 'never';
  }

  @Query(() => String, { nullable: true })
  @UseFilters(AsMistake, AsFailure)
  filtered(@Args('kind') kind: string): string {
    return this.fail(kind);
  }

  @SkipAccessLog()
  @Query(() => String)
  quiet(): string {
    return 'quiet';
  }

  /** Null, although the schema says that there is one. */
  @Query(() => String)
  nothing(): string | null {
    return null;
  }

  @Span()
  private fail(kind: string): never {
    throw FAULTS[kind]?.();
  }
}
