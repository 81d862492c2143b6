// Loaded first in every process of the system: ends it when its parent has ended.

const PATIENCE_MS = 5000;

function end(): void {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), PATIENCE_MS).unref();
}

process.once('disconnect', end);
// Listening for the end of the parent must not keep the process alive.
process.channel?.unref();
