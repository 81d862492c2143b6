import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll } from '@jest/globals';
import { Transport } from '@nestjs/microservices';
import { Aedes } from 'aedes';
import { describeThreeProcesses } from './three-processes.suite.js';

let broker: Aedes;
let server: Server;

beforeAll(async () => {
  broker = await Aedes.createBroker();
  server = createServer(broker.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(async () => {
  server.close();
  await new Promise<void>((resolve) => broker.close(resolve));
});

describeThreeProcesses({ transport: 'mqtt' }, () => () => ({
  transport: Transport.MQTT,
  options: { url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}` },
}));
