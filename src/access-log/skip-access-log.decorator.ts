import { SetMetadata, type CustomDecorator } from '@nestjs/common';

/** The metadata of a handler or class whose access log lines are left out. */
export const SKIP_ACCESS_LOG = 'nestjs-tracing:skip-access-log';

/**
 * Leaves out the access log line of a handler, or of all handlers of a class, however its requests
 * end. Ids, headers, metrics, exported traces and the lines of your own code stay. It works for
 * controllers, for handlers of messages, jobs and runs, and for resolvers of GraphQL, where the line
 * of an operation is left out if all of its fields have the decorator.
 *
 * A name has to be unique for that: where two classes of the same name have a method of the same
 * name, both need the decorator.
 *
 * @publicApi
 *
 * @example
 * \@SkipAccessLog()
 * \@Controller('health')
 * export class HealthController {}
 */
export const SkipAccessLog = (): CustomDecorator => SetMetadata(SKIP_ACCESS_LOG, true);
