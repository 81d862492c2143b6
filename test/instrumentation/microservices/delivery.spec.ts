import { describe, expect, it } from '@jest/globals';
import { headers as natsHeaders } from '@nats-io/transport-node';
import { KafkaContext, MqttContext, NatsContext, RmqContext } from '@nestjs/microservices';
import { carrierText } from '../../../src/trace/carrier-text.js';
import { deliveryOf } from '../../../src/instrumentation/microservices/extract-headers.js';
import { spyOnWarnings } from '../../support/warnings.js';

const warn = spyOnWarnings();

function rabbit(fields: unknown, headers: unknown): RmqContext {
  return new RmqContext([{ fields, properties: { headers } }, {}, 'pattern']);
}

/** What a service would adopt as `traceparent`. */
function traceparent(transport: string, context: unknown): string | undefined {
  return carrierText(deliveryOf(transport, context).read?.('traceparent'));
}

describe('the delivery of a message', () => {
  it.each<[string, object, object, number]>([
    ['for the first time', { redelivered: false }, {}, 1],
    ['again', { redelivered: true }, {}, 2],
    ['again, counted', { redelivered: true }, { 'x-delivery-count': 4 }, 5],
    ['again, counted wrong', { redelivered: true }, { 'x-delivery-count': '4' }, 2],
    ['again, counted below zero', { redelivered: true }, { 'x-delivery-count': -3 }, 2],
    ['again, counted in parts', { redelivered: false }, { 'x-delivery-count': 1.5 }, 1],
  ])('over RabbitMQ %s', (_when, fields, headers, attempt) => {
    expect(deliveryOf('rabbitmq', rabbit(fields, headers)).attempt).toBe(attempt);
  });

  it('has the headers of each transport', () => {
    const headers = natsHeaders();
    headers.append('traceparent', 'nats');
    const properties = { userProperties: { traceparent: 'mqtt' } };
    const message = { headers: { traceparent: Buffer.from('kafka') } };
    expect([
      traceparent('nats', new NatsContext(['subject', headers])),
      traceparent('mqtt', new MqttContext(['topic', { properties }])),
      traceparent('kafka', new KafkaContext([message] as never)),
      traceparent('rabbitmq', rabbit({}, { traceparent: 'rabbitmq' })),
    ]).toEqual(['nats', 'mqtt', 'kafka', 'rabbitmq']);
  });

  it('has none that occur twice', () => {
    const headers = natsHeaders();
    headers.append('traceparent', 'a');
    headers.append('traceparent', 'b');
    const properties = { userProperties: { traceparent: ['a', 'b'] } };
    expect([
      traceparent('nats', new NatsContext(['subject', headers])),
      traceparent('mqtt', new MqttContext(['topic', { properties }])),
    ]).toEqual([undefined, undefined]);
  });

  it('has none that its headers inherit from a prototype', () => {
    expect(traceparent('rabbitmq', rabbit({}, Object.create({ traceparent: 'x' })))).toBe(
      undefined,
    );
  });

  it.each<[string, string, unknown]>([
    ['no context', 'tcp', undefined],
    ['a context of something else', 'tcp', 'text'],
    ['no headers', 'nats', new NatsContext(['subject', undefined])],
    ['no message', 'rabbitmq', new RmqContext([undefined, {}, ''] as never)],
    ['no properties', 'mqtt', new MqttContext(['topic', {}])],
    ['no record', 'mqtt', new MqttContext(['topic', { properties: { userProperties: 7 } }])],
  ])('may have %s', (_what, transport, context) => {
    expect(traceparent(transport, context)).toBeUndefined();
    expect(warn).not.toHaveBeenCalled();
  });

  it('has no headers, and a warning, when the context throws', () => {
    const context = {
      getHeaders(): never {
        throw new Error('broken');
      },
    };
    expect(traceparent('nats', context)).toBeUndefined();
    expect(warn).toHaveBeenCalledTimes(1);
  });
});
