import { tracingChannel } from 'node:diagnostics_channel';

type Done = (error: Error | null, result?: { rowCount: number }) => void;

interface Query {
  readonly text: string;
  callback?: Done;
}

/** A cursor or stream: the client calls its methods. */
export interface Submitted {
  readonly text: string;
  submit(connection: object): void;
  handleReadyForQuery(): void;
  handleError(error: Error): void;
}

/**
 * A pg that publishes its queries, in the shape of the pull request for it: the context of a query
 * has `query` and `client`, and later `result` or `error`; promises go through the same callback;
 * what is given with `submit` is not published.
 *
 * @see https://github.com/brianc/node-postgres/pull/3650
 */
export function publishingPg() {
  const channel = tracingChannel<string>('pg:query');
  /** All of the connection's answers come from one context, as those of a socket do. */
  const answers: (() => void)[] = [];

  class Client {
    readonly host = 'db.internal';
    readonly port = 5432;
    readonly database = 'shop';
    readonly user = 'shop';
    readonly queryQueue: object[] = [];

    connect(done?: Done): void {
      done?.(null);
    }

    query(config: string | Query | Submitted, values?: unknown, callback?: Done): unknown {
      if (typeof config === 'object' && 'submit' in config) {
        answers.push(() => {
          config.submit(this);
          if (config.text.includes('broken')) config.handleError(new Error('no such table'));
          config.handleReadyForQuery();
        });
        return config;
      }
      const query = typeof config === 'string' ? { text: config } : { ...config };
      query.callback ??= typeof values === 'function' ? (values as Done) : callback;
      let result: Promise<unknown> | undefined;
      if (query.callback === undefined) {
        result = new Promise((resolve, reject) => {
          query.callback = (error, rows) => (error === null ? resolve(rows) : reject(error));
        });
      }
      const { text } = query;
      const { host, port, database, user } = this;
      const context = {
        query: { text, name: undefined, rowMode: undefined },
        client: { database, host, port, user, processId: 1, ssl: false },
      };
      channel.traceCallback(this.enqueue, 1, context, this, query, query.callback!);
      return result;
    }

    enqueue(query: Query, done: Done): void {
      query.callback = done;
      this.queryQueue.push(query);
      answers.push(() => {
        this.queryQueue.shift();
        const isBroken = query.text.includes('broken');
        query.callback!(isBroken ? new Error('no such table') : null, { rowCount: 1 });
      });
    }
  }

  const timer = setInterval(() => answers.shift()?.(), 1);
  return { exports: { Client }, Client, stop: () => clearInterval(timer) };
}
