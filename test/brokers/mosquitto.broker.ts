import { connectAsync, type IClientPublishOptions } from 'mqtt';
import { accessTo } from './servers/access.js';
import { describeTransport, JSON_CARRIERS, TRACEPARENT } from './transport-cases.js';

type UserProperties = NonNullable<IClientPublishOptions['properties']>['userProperties'];

const broker = accessTo('mosquitto');

describeTransport({
  title: 'MQTT 5 on Mosquitto',
  broker,
  transport: 'mqtt5',
  name: 'mqtt',
  async openRaw(url) {
    const client = await connectAsync(url, { protocolVersion: 5 });
    return {
      send: (pattern, data, carrier) =>
        client.publishAsync(pattern, JSON.stringify({ pattern, data }), {
          qos: 1,
          properties: { userProperties: carrier as UserProperties },
        }),
      close: () => client.endAsync(),
    };
  },
  // Control characters cannot arrive: the protocol forbids them, and Mosquitto cuts the sender off.
  carriers: [
    { traceparent: '' },
    { traceparent: [TRACEPARENT, TRACEPARENT] },
    { traceparent: 'a'.repeat(60_000), 'x-request-id': 'a'.repeat(40_000) },
    JSON.parse(`{ "__proto__": "${TRACEPARENT}", "x-request-id": "a b" }`),
    { constructor: TRACEPARENT, toString: TRACEPARENT },
  ],
});

describeTransport({
  title: 'MQTT 3.1.1 on Mosquitto',
  broker,
  transport: 'mqtt3',
  name: 'mqtt',
  async openRaw(url) {
    const client = await connectAsync(url, { protocolVersion: 4 });
    return {
      send: (pattern, data, metadata) =>
        client.publishAsync(pattern, JSON.stringify({ pattern, data, metadata }), { qos: 1 }),
      close: () => client.endAsync(),
    };
  },
  carriers: JSON_CARRIERS,
});
