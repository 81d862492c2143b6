import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

// Speaks the JSON protocol of SQS, as far as its SDK and the consumers of messages use it.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/

/** An attribute of a message. */
export interface StoredAttribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}

/** A message that was sent and not deleted. */
export interface StoredMessage {
  MessageId: string;
  Body: string;
  MessageAttributes: Record<string, StoredAttribute>;
  SystemAttributes: Record<string, string>;
  ReceiveCount: number;
  ReceiptHandle: string;
  visibleAt: number;
}

type Input = Record<string, unknown>;

interface Entry extends Input {
  Id: string;
}

const MAX_ATTRIBUTES = 10;
const MAX_BYTES = 1_048_576;
const DEFAULT_VISIBILITY_S = 30;

/** A fault that the SDK is told, by its name. */
class SqsFault extends Error {}

/** A server of queues, which are made when they are first used. */
export class SqsServer {
  readonly queues = new Map<string, StoredMessage[]>();
  /** The attributes that were asked for when messages were last received, by queue. */
  readonly asked = new Map<string, Input>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<SqsServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const own = new SqsServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request, response) => {
      const respond = async (): Promise<void> => {
        const body = await text(request);
        const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '');
        const headers = { 'content-type': 'application/x-amz-json-1.0' };
        try {
          const answer = await own.answer(
            action,
            JSON.parse(body) as Input,
            () => request.destroyed,
          );
          response.writeHead(200, headers).end(JSON.stringify(answer));
        } catch (error) {
          const name = error instanceof SqsFault ? error.message : 'InternalFailure';
          const fault = { __type: `com.amazonaws.sqs#${name}`, message: String(error) };
          response.writeHead(400, headers).end(JSON.stringify(fault));
        }
      };
      void respond();
    });
    return own;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  queueUrl(name: string): string {
    return `${this.url}/000000000000/${name}`;
  }

  messages(name: string): StoredMessage[] {
    const known = this.queues.get(name) ?? [];
    this.queues.set(name, known);
    return known;
  }

  private async answer(action: string, input: Input, isGone: () => boolean): Promise<Input> {
    const queue = String(input['QueueUrl'] ?? input['QueueName'])
      .split('/')
      .at(-1)!;
    switch (action) {
      case 'GetQueueUrl':
        return { QueueUrl: this.queueUrl(queue) };
      case 'GetQueueAttributes':
        return {
          Attributes: { ApproximateNumberOfMessages: String(this.messages(queue).length) },
        };
      case 'SendMessage':
        return this.send(queue, input);
      case 'SendMessageBatch':
        return eachEntry(input, (entry) => this.send(queue, entry));
      case 'ReceiveMessage':
        return this.receive(queue, input, isGone);
      case 'DeleteMessage':
        return this.remove(queue, input);
      case 'DeleteMessageBatch':
        return eachEntry(input, (entry) => this.remove(queue, entry));
      case 'ChangeMessageVisibility':
        return this.changeVisibility(queue, input);
      case 'ChangeMessageVisibilityBatch':
        return eachEntry(input, (entry) => this.changeVisibility(queue, entry));
      case 'PurgeQueue':
        this.queues.set(queue, []);
        return {};
      default:
        throw new SqsFault('UnsupportedOperation');
    }
  }

  private send(queue: string, input: Input): Input {
    const body = String(input['MessageBody']);
    const attributes = (input['MessageAttributes'] ?? {}) as Record<string, StoredAttribute>;
    const system = (input['MessageSystemAttributes'] ?? {}) as Record<string, StoredAttribute>;
    const names = Object.keys(attributes);
    if (names.length > MAX_ATTRIBUTES) throw new SqsFault('InvalidParameterValue');
    if (names.some((name) => !/^[\w.-]{1,256}$/.test(name))) {
      throw new SqsFault('InvalidParameterValue');
    }
    const size = Object.entries(attributes).reduce(
      (sum, [name, { DataType, StringValue = '', BinaryValue = '' }]) =>
        sum + Buffer.byteLength(name + DataType + StringValue) + BinaryValue.length * 0.75,
      Buffer.byteLength(body),
    );
    if (size > MAX_BYTES) throw new SqsFault('InvalidParameterValue');
    const message: StoredMessage = {
      MessageId: randomUUID(),
      Body: body,
      MessageAttributes: attributes,
      SystemAttributes: Object.fromEntries(
        Object.entries(system).map(([name, { StringValue }]) => [name, StringValue ?? '']),
      ),
      ReceiveCount: 0,
      ReceiptHandle: '',
      visibleAt: Date.now() + Number(input['DelaySeconds'] ?? 0) * 1000,
    };
    this.messages(queue).push(message);
    return { MessageId: message.MessageId, MD5OfMessageBody: md5(body) };
  }

  private async receive(queue: string, input: Input, isGone: () => boolean): Promise<Input> {
    this.asked.set(queue, input);
    const deadline = Date.now() + Number(input['WaitTimeSeconds'] ?? 0) * 1000;
    for (;;) {
      const now = Date.now();
      const visible = this.messages(queue).filter(({ visibleAt }) => visibleAt <= now);
      const taken = visible.slice(0, Number(input['MaxNumberOfMessages'] ?? 1));
      if (taken.length > 0) {
        const seconds = Number(input['VisibilityTimeout'] ?? DEFAULT_VISIBILITY_S);
        return { Messages: taken.map((message) => received(message, input, now + seconds * 1000)) };
      }
      if (now >= deadline || isGone()) return {};
      await sleep(5);
    }
  }

  private remove(queue: string, input: Input): Input {
    const rest = this.messages(queue).filter((one) => one.ReceiptHandle !== input['ReceiptHandle']);
    this.queues.set(queue, rest);
    return {};
  }

  private changeVisibility(queue: string, input: Input): Input {
    const message = this.messages(queue).find(
      ({ ReceiptHandle }) => ReceiptHandle === input['ReceiptHandle'],
    );
    if (message === undefined) throw new SqsFault('ReceiptHandleIsInvalid');
    message.visibleAt = Date.now() + Number(input['VisibilityTimeout']) * 1000;
    return {};
  }
}

/** A message as it is handed out, with the attributes that were asked for and no others. */
function received(message: StoredMessage, input: Input, visibleAt: number): Input {
  message.visibleAt = visibleAt;
  message.ReceiveCount++;
  message.ReceiptHandle = randomUUID();
  const names = (input['MessageAttributeNames'] ?? []) as string[];
  const isAsked = (name: string): boolean =>
    names.some((asked) =>
      asked.endsWith('.*') ? name.startsWith(asked.slice(0, -2)) : ['All', name].includes(asked),
    );
  const attributes = Object.entries(message.MessageAttributes).filter(([name]) => isAsked(name));
  const systemNames = new Set([
    ...((input['AttributeNames'] ?? []) as string[]),
    ...((input['MessageSystemAttributeNames'] ?? []) as string[]),
  ]);
  const all = {
    ...message.SystemAttributes,
    ApproximateReceiveCount: String(message.ReceiveCount),
  };
  const system = Object.entries(all).filter(
    ([name]) => systemNames.has('All') || systemNames.has(name),
  );
  return {
    MessageId: message.MessageId,
    ReceiptHandle: message.ReceiptHandle,
    Body: message.Body,
    MD5OfBody: md5(message.Body),
    ...(attributes.length > 0 && { MessageAttributes: Object.fromEntries(attributes) }),
    ...(system.length > 0 && { Attributes: Object.fromEntries(system) }),
  };
}

function eachEntry({ Entries }: Input, run: (entry: Entry) => Input): Input {
  const successful: Input[] = [];
  const failed: Input[] = [];
  for (const entry of Entries as Entry[]) {
    try {
      successful.push({ Id: entry.Id, ...run(entry) });
    } catch (error) {
      failed.push({ Id: entry.Id, Code: (error as Error).message, SenderFault: true });
    }
  }
  return { Successful: successful, Failed: failed };
}

function md5(body: string): string {
  return createHash('md5').update(body).digest('hex');
}
