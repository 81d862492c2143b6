import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { BSON, Long, type Document } from 'mongodb';

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
/** Of server 8, which has `bulkWrite` for several collections. */
const WIRE_VERSION = 25;
const FIRST_BATCH = 101;

/** A command as it was received: its fields, and its database. */
export interface ReceivedCommand {
  readonly name: string;
  readonly body: Document;
}

interface Cursor {
  readonly ns: string;
  readonly rest: Document[];
  /** Waits for documents that are inserted later. */
  readonly isTailable: boolean;
}

/**
 * Speaks as much of MongoDB's wire protocol as its driver needs, as the only member of a replica
 * set: documents in memory, filters by equality (`$eq` as well), cursors, transactions that change nothing. It stands
 * in for a server where there is none.
 *
 * @see https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
 */
export class MongoServer {
  /** All that was asked for, without what the driver sends for itself. */
  readonly received: ReceivedCommand[] = [];
  /** Milliseconds before each response to these commands. */
  readonly delays = new Map<string, number>();
  readonly documents = new Map<string, Document[]>();

  private readonly failures: { name: string; response: Document | 'close' }[] = [];
  private readonly cursors = new Map<string, Cursor>();
  private readonly sockets = new Set<Socket>();
  private nextCursor = 1;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<MongoServer> {
    const server = createServer();
    const mongo = new MongoServer(server);
    server.on('connection', (socket) => mongo.serve(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return mongo;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `mongodb://127.0.0.1:${this.port}/shop`;
  }

  /** Answers the next command of this name with an error, or closes its connection. */
  failNext(name: string, response: Document | 'close'): void {
    this.failures.push({
      name,
      response: response === 'close' ? response : { ok: 0, ...response },
    });
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket)).on('error', () => {});
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        const size = received.readInt32LE(0);
        void this.answer(socket, received.subarray(0, size));
        received = received.subarray(size);
      }
    });
  }

  private async answer(socket: Socket, message: Buffer): Promise<void> {
    const request = message.readInt32LE(4);
    const isQuery = message.readInt32LE(12) === OP_QUERY;
    const body = isQuery ? queryIn(message) : commandIn(message);
    const name = Object.keys(body)[0]!;
    const isInternal = /^(hello|ismaster|endSessions)$/i.test(name);
    if (!isInternal) this.received.push({ name, body });
    await sleep(this.delays.get(name) ?? 0);
    const failure = this.failures.findIndex((planned) => planned.name === name);
    const planned = failure === -1 ? undefined : this.failures.splice(failure, 1)[0]!.response;
    if (planned === 'close') {
      socket.destroy();
      return;
    }
    const response = planned ?? (await this.run(name, body));
    if (!socket.destroyed)
      socket.write(isQuery ? reply(request, response) : msg(request, response));
  }

  private async run(name: string, body: Document): Promise<Document> {
    const ns = `${body['$db']}.${body[name]}`;
    switch (name) {
      case 'hello':
      case 'ismaster':
      case 'isMaster':
        return this.hello();
      case 'insert':
        return this.insert(ns, body['documents']);
      case 'find':
        return this.page(ns, this.matching(ns, body['filter']), body);
      case 'aggregate':
        return this.aggregate(ns, body);
      case 'getMore':
        return this.getMore(body);
      case 'count':
        return { ok: 1, n: this.matching(ns, body['query']).length };
      case 'distinct':
        return {
          ok: 1,
          values: [...new Set(this.matching(ns, body['query']).map((doc) => doc[body['key']]))],
        };
      case 'update':
        return this.update(ns, body['updates']);
      case 'delete':
        return this.delete(ns, body['deletes']);
      case 'findAndModify':
        return { ok: 1, value: this.matching(ns, body['query'])[0] ?? null, lastErrorObject: {} };
      case 'bulkWrite':
        return this.bulkWrite(body);
      case 'listCollections':
      case 'listIndexes':
        return { ok: 1, cursor: { id: Long.ZERO, ns, firstBatch: [] } };
      default:
        return { ok: 1 };
    }
  }

  private hello(): Document {
    const me = `127.0.0.1:${this.port}`;
    return {
      ok: 1,
      helloOk: true,
      isWritablePrimary: true,
      setName: 'test',
      hosts: [me],
      me,
      primary: me,
      logicalSessionTimeoutMinutes: 30,
      maxBsonObjectSize: 16 * 1024 * 1024,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: 100_000,
      minWireVersion: 0,
      maxWireVersion: WIRE_VERSION,
    };
  }

  private at(ns: string): Document[] {
    const documents = this.documents.get(ns) ?? [];
    this.documents.set(ns, documents);
    return documents;
  }

  private matching(ns: string, filter: Document = {}): Document[] {
    return this.at(ns).filter((document) =>
      Object.entries(filter).every(
        ([key, value]) => String(document[key]) === String(Object(value).$eq ?? value),
      ),
    );
  }

  private insert(ns: string, added: readonly Document[]): Document {
    const documents = this.at(ns);
    const writeErrors: Document[] = [];
    for (const [index, document] of added.entries()) {
      if (documents.some(({ _id }) => String(_id) === String(document['_id']))) {
        const key = `dup key: { _id: ${String(document['_id'])} }`;
        writeErrors.push({ index, code: 11_000, errmsg: `E11000 duplicate key error ${key}` });
      } else documents.push(document);
    }
    const n = added.length - writeErrors.length;
    return { ok: 1, n, ...(writeErrors.length > 0 && { writeErrors }) };
  }

  private update(ns: string, updates: readonly Document[]): Document {
    let n = 0;
    for (const { q, u, multi } of updates) {
      const found = this.matching(ns, q).slice(0, multi === true ? undefined : 1);
      for (const document of found) Object.assign(document, u.$set ?? u);
      n += found.length;
    }
    return { ok: 1, n, nModified: n };
  }

  private delete(ns: string, deletes: readonly Document[]): Document {
    const documents = this.at(ns);
    let n = 0;
    for (const { q, limit } of deletes) {
      for (const document of this.matching(ns, q).slice(0, limit === 0 ? undefined : limit)) {
        documents.splice(documents.indexOf(document), 1);
        n++;
      }
    }
    return { ok: 1, n };
  }

  private bulkWrite({ ops, nsInfo }: Document): Document {
    for (const { insert, document } of ops) {
      if (insert !== undefined) this.at(nsInfo[insert].ns).push(document);
    }
    const counts = { nInserted: ops.length, nMatched: 0, nModified: 0, nUpserted: 0, nDeleted: 0 };
    return {
      ok: 1,
      nErrors: 0,
      ...counts,
      cursor: { id: Long.ZERO, ns: 'admin.$cmd.bulkWrite', firstBatch: [] },
    };
  }

  private aggregate(ns: string, body: Document): Document {
    const [first, second] = body['pipeline'] as Document[];
    if (first?.['$changeStream'] !== undefined) {
      const id = this.keep({ ns, rest: [], isTailable: true });
      return { ok: 1, cursor: { id, ns, firstBatch: [], postBatchResumeToken: { _data: '0' } } };
    }
    const found = this.matching(ns, first?.['$match']);
    const isCount = second?.['$group'] !== undefined;
    return this.page(ns, isCount ? [{ _id: 1, n: found.length }] : found, body);
  }

  private page(ns: string, found: readonly Document[], body: Document): Document {
    const size: number = body['batchSize'] ?? body['cursor']?.batchSize ?? FIRST_BATCH;
    const limited = found.slice(0, body['limit'] || undefined);
    const rest = limited.slice(size);
    const isWhole = rest.length === 0 || body['singleBatch'] === true;
    const id = isWhole ? Long.ZERO : this.keep({ ns, rest, isTailable: false });
    return { ok: 1, cursor: { id, ns, firstBatch: limited.slice(0, size) } };
  }

  private keep(cursor: Cursor): Long {
    const id = this.nextCursor++;
    this.cursors.set(String(id), cursor);
    return Long.fromNumber(id);
  }

  private async getMore(body: Document): Promise<Document> {
    const id = String(body['getMore']);
    const cursor = this.cursors.get(id);
    if (cursor === undefined) return { ok: 0, code: 43, codeName: 'CursorNotFound', errmsg: id };
    const { ns, rest, isTailable } = cursor;
    if (isTailable) {
      await sleep(body['maxTimeMS'] ?? 5);
      return {
        ok: 1,
        cursor: {
          id: Long.fromString(id),
          ns,
          nextBatch: rest.splice(0),
          postBatchResumeToken: { _data: '0' },
        },
      };
    }
    const nextBatch = rest.splice(0, body['batchSize'] ?? rest.length);
    const isOver = rest.length === 0;
    if (isOver) this.cursors.delete(id);
    return { ok: 1, cursor: { id: isOver ? Long.ZERO : Long.fromString(id), ns, nextBatch } };
  }

  /** Sends an event to the change streams of a collection. */
  changed(ns: string, document: Document): void {
    for (const cursor of this.cursors.values()) {
      if (!cursor.isTailable || cursor.ns !== ns) continue;
      const token = { _data: String(cursor.rest.length + 1) };
      cursor.rest.push({ _id: token, operationType: 'insert', fullDocument: document });
    }
  }
}

/** The command in an `OP_MSG`, with the documents of its further sections. */
function commandIn(message: Buffer): Document {
  let at = 20;
  const body: Document = {};
  while (at < message.length) {
    const kind = message[at++];
    const size = message.readInt32LE(at);
    if (kind === 0) Object.assign(body, BSON.deserialize(message.subarray(at, at + size)));
    else {
      const nameEnd = message.indexOf(0, at + 4);
      const documents: Document[] = [];
      for (let i = nameEnd + 1; i < at + size; i += message.readInt32LE(i)) {
        documents.push(BSON.deserialize(message.subarray(i, i + message.readInt32LE(i))));
      }
      body[message.toString('utf8', at + 4, nameEnd)] = documents;
    }
    at += size;
  }
  return body;
}

/** The command in an `OP_QUERY`, with which a driver introduces itself. */
function queryIn(message: Buffer): Document {
  const at = message.indexOf(0, 20) + 9;
  return BSON.deserialize(message.subarray(at, at + message.readInt32LE(at)));
}

function msg(request: number, response: Document): Buffer {
  return packet(request, OP_MSG, Buffer.alloc(5), response);
}

function reply(request: number, response: Document): Buffer {
  const head = Buffer.alloc(20);
  head.writeInt32LE(1, 16);
  return packet(request, OP_REPLY, head, response);
}

function packet(request: number, code: number, head: Buffer, response: Document): Buffer {
  const body = BSON.serialize(response);
  const header = Buffer.alloc(16);
  header.writeInt32LE(header.length + head.length + body.length, 0);
  header.writeInt32LE(request, 8);
  header.writeInt32LE(code, 12);
  return Buffer.concat([header, head, body]);
}
