import {
  BadRequestException,
  Controller,
  DefaultValuePipe,
  ParseIntPipe,
  Post,
  Query,
} from '@nestjs/common';
import { TasksService } from './tasks.service.js';

const MAX_TASKS = 100;

@Controller('parallel-tasks')
export class TasksController {
  constructor(private readonly tasks: TasksService) {}

  @Post()
  async run(
    @Query('count', new DefaultValuePipe(3), ParseIntPipe) count: number,
  ): Promise<{ completed: number }> {
    if (count < 1 || count > MAX_TASKS) {
      throw new BadRequestException(`count must be from 1 to ${MAX_TASKS}`);
    }
    return { completed: await this.tasks.runAtOnce(count) };
  }
}
