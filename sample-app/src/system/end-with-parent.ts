// Loaded first in every process of the system: nobody else would stop it when its parent is gone.

const PATIENCE_MS = 5000;

function end(): void {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), PATIENCE_MS).unref();
}

process.once('disconnect', end);
// Listening for the end of the parent is no reason to live.
process.channel?.unref();
