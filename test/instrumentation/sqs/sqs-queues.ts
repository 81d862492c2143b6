import { SQSClient } from '@aws-sdk/client-sqs';

const { SQS_URL = '' } = process.env;

export const sqs = new SQSClient({
  region: 'eu-west-1',
  endpoint: SQS_URL,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

export function queueUrl(name: string): string {
  return `${SQS_URL}/000000000000/${name}`;
}
