// Runs in a process of its own, which BullMQ or Bull starts and no context reaches.
module.exports = async ({ data, opts }) => ({
  data,
  carrier: opts['nestjs-tracing'] !== undefined,
});
