import { traceFields, traceTask } from 'nestjs-tracing';

export interface Doubled {
  readonly double: number;
  readonly requestId: unknown;
}

export default traceTask(async (n: number): Promise<Doubled> => ({
  double: 2 * n,
  requestId: traceFields().request_id,
}));
