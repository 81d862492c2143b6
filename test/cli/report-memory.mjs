// Tells the test that has started this process how much memory it took at most.
process.once('exit', () => process.send?.(process.resourceUsage().maxRSS / 1024));
process.channel?.unref();
