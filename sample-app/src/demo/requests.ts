import { PATIENCE_MS } from '../system/wait-until.js';

export const ALICE = 'abc12345-6d1f-4c0e-9a57-2f4f5e0c8b11';
const BOB = 'def67890-0b7a-4e5d-8c3e-7d9a1f2b6c22';

export interface DemoRequest {
  requestId: string;
  sessionId: string;
  method: 'GET' | 'POST';
  path: string;
  body?: object;
  expected: Expected;
}

/** The expected result of a request. */
interface Expected {
  status: number;
  outcome: 'completed' | 'errored';
  /** Messages of its lines, in this order; there may be others between them. */
  messages: string[];
}

export const figureRequests: readonly DemoRequest[] = [
  {
    requestId: 'req-001',
    sessionId: ALICE,
    method: 'POST',
    path: '/api/payment',
    body: { user: 'Alice', amount: 42 },
    expected: {
      status: 201,
      outcome: 'completed',
      messages: [
        'Processing payment for user Alice',
        'Validating payment',
        'Gateway slow',
        'Payment complete',
      ],
    },
  },
  {
    requestId: 'req-002',
    sessionId: BOB,
    method: 'GET',
    path: '/api/profile',
    expected: {
      status: 200,
      outcome: 'completed',
      messages: ['Loading profile', 'Profile retrieved'],
    },
  },
  {
    requestId: 'req-003',
    sessionId: ALICE,
    method: 'GET',
    path: '/api/status',
    expected: { status: 200, outcome: 'completed', messages: ['Status check'] },
  },
  {
    requestId: 'req-004',
    sessionId: BOB,
    method: 'GET',
    path: '/api/messages',
    expected: {
      status: 500,
      outcome: 'errored',
      messages: ['Fetching messages', 'Database timeout while fetching user messages'],
    },
  },
  {
    requestId: 'req-005',
    sessionId: ALICE,
    method: 'POST',
    path: '/api/parallel-tasks?count=3',
    expected: {
      status: 201,
      outcome: 'completed',
      messages: ['Task 1 started', 'Task 2 started', 'Task 3 started'],
    },
  },
];

export interface Answer {
  request: DemoRequest;
  response: Response;
}

export async function send(url: string, request: DemoRequest): Promise<Answer> {
  const response = await fetch(url + request.path, {
    method: request.method,
    headers: {
      'X-Request-ID': request.requestId,
      'X-Session-ID': request.sessionId,
      // Fastify refuses a content type without content.
      ...(request.body && { 'Content-Type': 'application/json' }),
    },
    body: JSON.stringify(request.body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  await response.text();
  return { request, response };
}
