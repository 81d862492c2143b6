import type { IdSource } from '../options/tracing-options.js';
import { TRACING_OPTIONS } from '../options/options.token.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import { applicationIn, type ApplicationContainer } from '../records/application.js';

/** An OpenAPI document, as far as {@link addTracingHeaders} reads it. */
export interface OpenApiDocument {
  readonly paths: object;
  readonly components?: object | undefined;
}

/** Options of {@link addTracingHeaders}. */
export interface TracingHeadersOptions {
  /**
   * Whether each operation also gets the request headers that callers may send, as optional
   * parameters. Generated clients then have an argument for each of them. Default: `false`.
   */
  parameters?: boolean | undefined;
}

/** The fields of a path item that are operations. */
const METHODS = new Set([
  'get',
  'put',
  'post',
  'delete',
  'options',
  'head',
  'patch',
  'trace',
  'query',
]);
/** OpenAPI ignores parameters of these names. */
const IGNORED_PARAMETERS = new Set(['accept', 'content-type', 'authorization']);
const SCHEMA = { type: 'string' };

type Json = Readonly<Record<string, unknown>>;
/** Descriptions, by the name of the header. */
type Headers = readonly (readonly [name: string, description: string])[];

/**
 * Adds the headers of this module to an OpenAPI document, such as that of `@nestjs/swagger`: each
 * response of each operation has `X-Request-ID` and `X-Trace-ID`, under the names that the options of
 * `TracingModule` give them. Headers and parameters that the document has already are kept. Returns a
 * new document.
 *
 * @throws {TracingConfigError} `TRACING_NOT_IMPORTED` for an application without `TracingModule`.
 *
 * @publicApi
 *
 * @example
 * const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
 * SwaggerModule.setup('api', app, addTracingHeaders(app, document));
 *
 * @see https://spec.openapis.org/oas/v3.1.0#header-object
 */
export function addTracingHeaders<T extends OpenApiDocument>(
  app: ApplicationContainer,
  document: T,
  { parameters = false }: TracingHeadersOptions = {},
): T {
  applicationIn(app);
  const options = app.get(TRACING_OPTIONS, { strict: false }) as ResolvedTracingOptions;
  const headers = sentHeaders(options);
  const accepted = parameters ? acceptedHeaders(options) : [];
  const components = recordOf(document.components);
  const known = recordOf(components['parameters']);
  const operation = (value: unknown, ofPath: unknown): unknown => {
    if (!isRecord(value)) return value;
    const own = withParameters(value['parameters'], ofPath, accepted, known);
    const responses = withHeaders(value['responses'], headers);
    return { ...value, ...(own && { parameters: own }), ...(responses && { responses }) };
  };
  const paths = mapped(document.paths, (item) =>
    isRecord(item)
      ? mapped(item, (value, key) =>
          METHODS.has(key) ? operation(value, item['parameters']) : value,
        )
      : item,
  );
  const responses = withHeaders(components['responses'], headers);
  return { ...document, paths, ...(responses && { components: { ...components, responses } }) };
}

function sentHeaders({ requestId, traceId, session }: ResolvedTracingOptions): Headers {
  return [
    ...named(requestId.header, 'The id of this request, which is in all of its log entries.'),
    ...named(traceId.header, 'The id of the trace that this request is a part of.'),
    ...named(session.header, 'The id of the session, if the caller has named one.'),
  ];
}

/** What a caller may send; nothing where no caller is trusted. */
function acceptedHeaders({ requestId, session, trustsMessages }: ResolvedTracingOptions): Headers {
  if (!trustsMessages) return [];
  return [
    ...named(
      firstHeader(requestId.sources, 'X-Request-ID'),
      'An id for this request. Without it, the server makes one.',
    ),
    ...named(
      firstHeader(session.sources, 'X-Session-ID'),
      'The id of the session that this request belongs to.',
    ),
    ['traceparent', 'The trace that this request continues, as W3C Trace Context defines it.'],
  ];
}

function named(name: string | undefined, description: string): Headers {
  return name === undefined ? [] : [[name, description]];
}

function firstHeader(sources: readonly IdSource[] | undefined, name: string): string | undefined {
  const first = sources === undefined ? name : sources.find((one) => typeof one === 'string');
  return typeof first === 'string' && !IGNORED_PARAMETERS.has(first.toLowerCase())
    ? first
    : undefined;
}

/** Responses with headers. One that is a reference has those of what it refers to. */
function withHeaders(responses: unknown, headers: Headers): object | undefined {
  if (!isRecord(responses)) return undefined;
  return mapped(responses, (response, key) => {
    if (!isRecord(response) || '$ref' in response || key.startsWith('x-')) return response;
    const present = recordOf(response['headers']);
    const names = new Set(Object.keys(present).map((name) => name.toLowerCase()));
    const added = headers
      .filter(([name]) => !names.has(name.toLowerCase()))
      .map(([name, description]) => [name, { description, schema: SCHEMA }] as const);
    return { ...response, headers: { ...present, ...Object.fromEntries(added) } };
  });
}

function withParameters(
  own: unknown,
  ofPath: unknown,
  accepted: Headers,
  known: Json,
): readonly unknown[] | undefined {
  if (accepted.length === 0) return undefined;
  const present = listOf(own);
  const names = new Set(
    [...present, ...listOf(ofPath)].map((parameter) => headerName(parameter, known)),
  );
  const added = accepted
    .filter(([name]) => !names.has(name.toLowerCase()))
    .map(([name, description]) => ({
      name,
      in: 'header',
      required: false,
      description,
      schema: SCHEMA,
    }));
  return [...present, ...added];
}

/** The name of a parameter that is a header, in lower case. */
function headerName(parameter: unknown, known: Json): string | undefined {
  const { $ref, ...own } = recordOf(parameter);
  const { in: where, name } =
    typeof $ref === 'string' ? recordOf(known[$ref.slice($ref.lastIndexOf('/') + 1)]) : own;
  return where === 'header' && typeof name === 'string' ? name.toLowerCase() : undefined;
}

function mapped(value: object, change: (value: unknown, key: string) => unknown): object {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [key, change(item, key)]),
  );
}

function recordOf(value: unknown): Json {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
