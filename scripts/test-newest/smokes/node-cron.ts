import { Logger } from '@nestjs/common';
import { createTask } from 'node-cron';
import { expectThat, lineOf, smoke, traceIdOf } from './smoke.js';

const logger = new Logger('Tasks');

await smoke({
  work: async (n) => {
    const task = createTask('* * * * * *', () => logger.log(`task ${n}`), { name: `task-${n}` });
    await task.execute();
    await task.destroy();
  },
  check: async () => {
    for (let n = 0; n < 5; n++) {
      const { trace_id, span_id } = await lineOf({ message: `task ${n}` });
      expectThat(trace_id !== traceIdOf(n), 'a run has the trace of the request');
      await lineOf({
        message: 'Run finished',
        transport: 'cron',
        job: `task-${n}`,
        trace_id,
        span_id,
      });
    }
    return 'Run finished, each in a trace of its own';
  },
});
