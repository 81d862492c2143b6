import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Logger } from '@nestjs/common';
import { Consumer } from 'sqs-consumer';
import { SERVER, smoke } from './smoke.js';

const sqs = new SQSClient({
  region: 'eu-west-1',
  endpoint: SERVER,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});
const QueueUrl = `${SERVER}/000000000000/orders`;
const logger = new Logger('Orders');
const consumer = Consumer.create({
  queueUrl: QueueUrl,
  sqs,
  waitTimeSeconds: 0,
  handleMessage: async (message) => {
    logger.log(`order ${message.Body}`);
    return message;
  },
});

await smoke({
  needsServer: true,
  metadata: { providers: [{ provide: Consumer, useValue: consumer }] },
  prepared: () => consumer.start(),
  work: (n) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: String(n) })),
  lines: [{ message: /^order \d$/ }, { message: 'Message finished', transport: 'sqs' }],
  after: () => consumer.stop(),
});
