import { createApp, readPlatform } from './create-app.js';

const { LOG_FORMAT, PLATFORM, PORT = '3000' } = process.env;

const app = await createApp(readPlatform(PLATFORM), {
  // Anything else than these two is refused at startup.
  format: LOG_FORMAT as 'text' | 'json' | undefined,
});
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(PORT);
