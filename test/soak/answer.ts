/** An HTTP answer, as far as it has come. */
export interface Answer {
  readonly status: number;
  /** The status line and the headers. */
  readonly head: string;
  /** As it came over the wire: with the sizes of chunks. */
  readonly body: string;
  readonly isWhole: boolean;
  /** Whether the server closes the connection behind it. */
  readonly isLast: boolean;
  /** Characters that it takes of the text. */
  readonly length: number;
}

const LAST_CHUNK = '0\r\n\r\n';

/**
 * Reads the answer that a text begins with; `undefined` while its head is not complete.
 *
 * @param isHeadOnly whether it answers a HEAD, and says how long a body would be.
 */
export function readAnswer(text: string, isHeadOnly: boolean): Answer | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const bodyAt = headEnd + 4;
  const head = text.slice(0, bodyAt);
  const end = isHeadOnly ? bodyAt : bodyEnd(text, head, bodyAt);
  const length = end ?? text.length;
  return {
    status: Number(head.slice(9, 12)),
    head,
    body: text.slice(bodyAt, length),
    isWhole: end !== undefined,
    isLast: /\r\nconnection: close\r\n/i.test(head),
    length,
  };
}

/** What a header says; the first of equal ones. */
export function headerOf({ head }: Answer, name: string): string | undefined {
  const lower = head.toLowerCase();
  const at = lower.indexOf(`\r\n${name}: `);
  if (at === -1) return undefined;
  const valueAt = at + name.length + 4;
  return head.slice(valueAt, head.indexOf('\r\n', valueAt));
}

function bodyEnd(text: string, head: string, bodyAt: number): number | undefined {
  if (/\r\ntransfer-encoding: chunked\r\n/i.test(head)) return chunksEnd(text, bodyAt);
  const end = bodyAt + Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1] ?? 0);
  return end <= text.length ? end : undefined;
}

function chunksEnd(text: string, bodyAt: number): number | undefined {
  let at = bodyAt;
  while (!text.startsWith(LAST_CHUNK, at)) {
    const sizeEnd = text.indexOf('\r\n', at);
    if (sizeEnd === -1) return undefined;
    at = sizeEnd + 2 + Number.parseInt(text.slice(at, sizeEnd), 16) + 2;
    // Also where what should be a size is no number.
    if (!(at <= text.length)) return undefined;
  }
  return at + LAST_CHUNK.length;
}
