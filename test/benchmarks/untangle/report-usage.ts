import { performance } from 'node:perf_hooks';

// Imported before a program: reports the resources it used to its parent.
process.once('exit', () => {
  const { user, system } = process.cpuUsage();
  const { maxRSS } = process.resourceUsage();
  const usage = { cpu: (user + system) / 1e3, wall: performance.now(), memory: maxRSS / 2 ** 10 };
  process.send?.(usage);
});
process.channel?.unref();
