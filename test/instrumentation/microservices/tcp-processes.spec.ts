import { Transport } from '@nestjs/microservices';
import { describeThreeProcesses } from './three-processes.suite.js';

describeThreeProcesses({ transport: 'tcp' }, () => (_service, port = 0) => ({
  transport: Transport.TCP,
  options: { host: '127.0.0.1', port },
}));
