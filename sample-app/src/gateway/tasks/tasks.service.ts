import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';

const MAX_TASK_MS = 80;

@Injectable()
export class TasksService {
  private readonly logger = new Logger(TasksService.name);

  /** Resolves to the number of tasks, which end in no particular order. */
  async runAtOnce(count: number): Promise<number> {
    const tasks = Array.from({ length: count }, (_, index) => this.run(index + 1));
    await Promise.all(tasks);
    return tasks.length;
  }

  private async run(task: number): Promise<void> {
    this.logger.log(`Task ${task} started`);
    await setTimeout(Math.random() * MAX_TASK_MS);
    this.logger.log(`Task ${task} done`);
  }
}
