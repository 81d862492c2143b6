import { connect } from 'node:net';
import { addressIn } from './servers/address.js';
import { BROKERS } from './servers/brokers.js';
import { accessTo } from './servers/access.js';
import { describeTransport, TRACEPARENT } from './transport-cases.js';

const NATS = BROKERS.find(({ name }) => name === 'nats')!;

describeTransport({
  title: 'NATS',
  broker: accessTo('nats'),
  transport: 'nats',
  name: 'nats',
  /** By hand: a client would refuse to send most of it. */
  openRaw(url) {
    const { host, port } = addressIn(url, NATS);
    const socket = connect(port, host);
    socket.write('CONNECT {"headers":true,"verbose":false,"pedantic":false}\r\n');
    return {
      send(subject, data, lines) {
        const head = `NATS/1.0\r\n${(lines as string[]).map((line) => `${line}\r\n`).join('')}\r\n`;
        const body = JSON.stringify({ pattern: subject, data });
        const sizes = [head.length, head.length + body.length].join(' ');
        socket.write(`HPUB ${subject} ${sizes}\r\n${head}${body}\r\n`, 'latin1');
      },
      close: () => socket.end(),
    };
  },
  carriers: [
    [],
    ['traceparent:'],
    ['traceparent: 7', 'x-request-id: {}'],
    [`traceparent: ${TRACEPARENT}`, `traceparent: ${TRACEPARENT}`],
    [`traceparent: ${'a'.repeat(50_000)}`, `x-request-id: ${'a'.repeat(50_000)}`],
    [`traceparent: ${TRACEPARENT}\u0000`, 'x-request-id: a\u0007b', 'x-session-id: a\u001b[0m'],
    [`__proto__: ${TRACEPARENT}`, `constructor: ${TRACEPARENT}`],
  ],
});
