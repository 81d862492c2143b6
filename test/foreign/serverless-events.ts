/** A request as all kinds of events carry it. */
export interface Call {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: string;
  readonly body?: string;
}

const headersOf = ({ id, body }: Call): Record<string, string> => ({
  host: 'shop.example',
  'x-request-id': id,
  ...(body === undefined ? {} : { 'content-type': 'application/json' }),
});

const queryOf = ({ query }: Call): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(query));

/** What Amazon API Gateway and its load balancer pass to a function, each by its kind. */
export const EVENTS = {
  'api-gateway-v1': (call: Call): object => ({
    version: '1.0',
    resource: '/{proxy+}',
    httpMethod: call.method,
    path: call.path,
    headers: headersOf(call),
    queryStringParameters: queryOf(call),
    requestContext: { requestId: `gateway-${call.id}`, identity: { sourceIp: '192.0.2.1' } },
    body: call.body ?? '',
    isBase64Encoded: false,
  }),
  'api-gateway-v2': (call: Call): object => ({
    version: '2.0',
    routeKey: '$default',
    rawPath: call.path,
    rawQueryString: call.query ?? '',
    queryStringParameters: queryOf(call),
    headers: headersOf(call),
    requestContext: {
      requestId: `gateway-${call.id}`,
      http: { method: call.method, path: call.path, sourceIp: '192.0.2.1' },
    },
    body: call.body ?? '',
    isBase64Encoded: false,
  }),
  'load-balancer': (call: Call): object => ({
    httpMethod: call.method,
    path: call.path,
    headers: headersOf(call),
    queryStringParameters: queryOf(call),
    requestContext: {
      elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/shop/1' },
      identity: { sourceIp: '192.0.2.1' },
    },
    body: call.body ?? '',
    isBase64Encoded: false,
  }),
};

export type EventKind = keyof typeof EVENTS;
export const EVENT_KINDS = Object.keys(EVENTS) as EventKind[];
