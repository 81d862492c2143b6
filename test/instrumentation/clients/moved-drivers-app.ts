import { Controller, Get, Module } from '@nestjs/common';
import { createPool as createMariadbPool } from 'mariadb';
import mysql from 'mysql2';
import { Connection, Request } from 'tedious';
import { TracingModule } from '../../../src/index.js';
import { movedLogger } from '../../support/moved-sink.js';

const UNUSED_PORT = 1;
const address = { host: '127.0.0.1', port: UNUSED_PORT, user: 'root' };

/** Three calls, one of each driver: none reaches a server. */
@Controller()
class RootController {
  @Get()
  async root() {
    const direct = mysql.createConnection(address);
    direct.on('error', () => {});
    await new Promise((resolve) => direct.query?.('SELECT 1', resolve) ?? resolve(undefined));
    const pool = createMariadbPool({ ...address, acquireTimeout: 100 });
    await pool.query('SELECT 1').catch(() => {});
    await pool.end();
    await new Promise((resolve) => {
      const request = new Request('SELECT 1', resolve);
      const closed = new Connection({ server: '127.0.0.1' });
      if (closed.execSql === undefined) resolve(undefined);
      else closed.execSql(request);
    });
    return 'ok';
  }
}

@Module({
  imports: [TracingModule.forRoot({ logger: movedLogger })],
  controllers: [RootController],
})
export class AppModule {}
