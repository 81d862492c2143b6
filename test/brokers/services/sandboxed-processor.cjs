// Runs in a process or thread of its own, which BullMQ or Bull starts and no context reaches.
module.exports = async ({ data, opts, 'nestjs-tracing': carrier }) => {
  if (data.fails) throw new Error('failed far away');
  return { data, carrier: opts['nestjs-tracing'] !== undefined, run: carrier?.traceparent };
};
