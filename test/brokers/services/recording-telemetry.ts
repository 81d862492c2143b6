import type { Telemetry } from 'bullmq';

/** A user's own tracing by BullMQ's interface: it marks each job, and notes what it is given back. */
export const recordingTelemetry: Telemetry<string> = {
  tracer: {
    startSpan: (name) => ({
      setSpanOnContext: () => `of ${name}`,
      setAttribute() {},
      setAttributes() {},
      addEvent() {},
      recordException() {},
      end() {},
    }),
  },
  contextManager: {
    with: (_context, fn) => fn(),
    active: () => 'none',
    getMetadata: (context) => context,
    fromMetadata(_active, metadata) {
      console.log(JSON.stringify({ level: 'info', message: 'telemetry', metadata }));
      return metadata;
    },
  },
};
