// Runs in a process of its own, which BullMQ starts and no context reaches.
module.exports = async ({ data, opts }) => ({
  data,
  carrier: opts['nestjs-tracing'] !== undefined,
});
