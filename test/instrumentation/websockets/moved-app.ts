import {
  Controller,
  Get,
  Module,
  UseGuards,
  type CanActivate,
  type INestApplication,
} from '@nestjs/common';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { io } from 'socket.io-client';
import { TracingModule } from '../../../src/index.js';
import { movedLogger } from '../../support/moved-sink.js';

@Controller()
class RootController {
  @Get()
  root(): string {
    return 'root';
  }
}

class RefusingGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@WebSocketGateway()
class EchoGateway {
  @SubscribeMessage('echo')
  echo(): string {
    return 'echoed';
  }

  @UseGuards(RefusingGuard)
  @SubscribeMessage('refused')
  refused(): void {}
}

@Module({
  imports: [
    TracingModule.forRootAsync({
      inject: [ModulesContainer],
      useFactory: (modules: ModulesContainer) => {
        if (process.env['MOVED_CONFIG'] !== undefined) {
          for (const { providers } of modules.values()) providers.delete(ApplicationConfig);
        }
        return { logger: movedLogger };
      },
    }),
  ],
  controllers: [RootController],
  providers: [EchoGateway],
})
export class AppModule {}

/** Sends two messages to the gateway, one of which its guard refuses. */
export async function exercise(app: INestApplication): Promise<void> {
  const socket = io(await app.getUrl(), { transports: ['websocket'], forceNew: true });
  await socket.timeout(5_000).emitWithAck('echo');
  const refused = new Promise((resolve) => socket.once('exception', resolve));
  socket.emit('refused');
  await refused;
  socket.disconnect();
}
