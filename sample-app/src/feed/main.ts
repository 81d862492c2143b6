import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { TracingLogger } from 'nestjs-tracing';
import { LISTEN_HOST, portOf } from '../addresses.js';
import { eventsTo } from '../messaging/transport.js';
import { FeedModule } from './feed.module.js';

const app = await NestFactory.create(FeedModule, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
app.enableShutdownHooks([], { useProcessExit: true });
app.useWebSocketAdapter(new WsAdapter(app));
app.connectMicroservice(eventsTo('feed'));
await app.startAllMicroservices();
await app.listen(portOf('FEED_PORT'), LISTEN_HOST);
process.send?.('ready');
