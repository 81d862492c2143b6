import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { databaseOptions } from './database-options.js';

/** The gateway's database. Its queries are steps by themselves. */
@Module({ imports: [TypeOrmModule.forRootAsync({ useFactory: databaseOptions })] })
export class DatabaseModule {}
