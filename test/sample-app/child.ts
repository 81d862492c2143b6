// Would run for ever.

setInterval(() => undefined, 1000);
process.send?.('ready');
