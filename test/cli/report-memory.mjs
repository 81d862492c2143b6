// Reports the peak memory of this process to the test that has started it.
process.once('exit', () => process.send?.(process.resourceUsage().maxRSS / 1024));
process.channel?.unref();
