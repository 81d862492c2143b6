import { Injectable } from '@nestjs/common';
import Database from 'libsql';
import { DataSource } from 'typeorm';

/** Another client of the database, which locks the messages. */
@Injectable()
export class Archive {
  constructor(private readonly database: DataSource) {}

  /** Returns what releases them. */
  async lockMessages(): Promise<() => Promise<void>> {
    const { options } = this.database;
    if (options.type !== 'postgres') return lockFile(String(options.database));
    const connection = this.database.createQueryRunner();
    await connection.startTransaction();
    await connection.query('LOCK TABLE message IN EXCLUSIVE MODE');
    return async () => {
      await connection.rollbackTransaction();
      await connection.release();
    };
  }
}

function lockFile(file: string): () => Promise<void> {
  const connection = new Database(file);
  // Others can read, and wait to write.
  connection.exec('BEGIN IMMEDIATE');
  return async () => {
    connection.exec('ROLLBACK');
    connection.close();
  };
}
