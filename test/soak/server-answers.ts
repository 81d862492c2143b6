import type { INestApplication } from '@nestjs/common';
import { heldBytes, type ServerState, type ServerStateReader } from './server-state.js';

/** The requests of the runner, and the answers. */
export interface Answers {
  state: ServerState;
  heap: number;
  /** Sent when the application is closed; the process then ends by itself. */
  stop: ServerState;
}

/** Tells the runner the port of an application, and answers it until it says stop or ends itself. */
export async function answerRunner(app: INestApplication, state: ServerStateReader): Promise<void> {
  const answers: { [Q in keyof Answers]: () => Answers[Q] | Promise<Answers[Q]> } = {
    state: () => state.read(),
    heap: heldBytes,
    stop: async () => {
      process.off('disconnect', exitWithParent);
      await app.close();
      return state.read();
    },
  };
  process.on('disconnect', exitWithParent);
  process.on('message', async (question: keyof Answers) => {
    process.send?.(await answers[question](), () => question === 'stop' && process.disconnect());
  });
  process.send?.({ port: Number(new URL(await app.getUrl()).port) });
}

// Only for a parent that has ended: after `stop` the process has to end by itself.
function exitWithParent(): void {
  process.exit();
}
