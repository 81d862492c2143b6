import { Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { databaseOptions } from './database-options.js';

/** The gateway's database. Its queries are steps by themselves. */
@Module({ imports: [TypeOrmModule.forRootAsync({ useFactory: databaseOptions })] })
export class DatabaseModule implements OnModuleInit {
  constructor(private readonly database: DataSource) {}

  /** Makes the tables anew, before the other modules fill them. */
  async onModuleInit(): Promise<void> {
    await this.database.synchronize(true);
  }
}
