import { performance } from 'node:perf_hooks';

// Imported ahead of a program: tells the one that has started it what it took.
process.once('exit', () => {
  const { user, system } = process.cpuUsage();
  const { maxRSS } = process.resourceUsage();
  const usage = { cpu: (user + system) / 1e3, wall: performance.now(), memory: maxRSS / 2 ** 10 };
  process.send?.(usage);
});
process.channel?.unref();
