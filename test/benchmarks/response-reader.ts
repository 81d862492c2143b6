const HEAD_END = '\r\n\r\n';

/** Called with what was wrong with a response, or with nothing. */
export type Settle = (error?: Error) => void;

/** Reads the responses of a connection that carries one request at a time. */
export class ResponseReader {
  #received = '';
  #settle: Settle | undefined;

  /** `settle` is called when the next response is whole, or the connection has failed. */
  expect(settle: Settle): void {
    this.#settle = settle;
  }

  receive(text: string): void {
    this.#received += text;
    const head = this.#received.indexOf(HEAD_END);
    if (head === -1) return;
    const length = /content-length: (\d+)/i.exec(this.#received);
    if (this.#received.length < head + HEAD_END.length + Number(length?.[1] ?? 0)) return;
    const status = this.#received.slice(9, 12);
    this.#received = '';
    this.settle(status === '200' ? undefined : new Error(`The server answered ${status}`));
  }

  settle(error?: Error): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(error);
  }
}
