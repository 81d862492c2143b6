import { describe, expect, it } from '@jest/globals';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { MAX_SENT, noteSent } from '../../src/trace/sent-names.js';

describe('the names of what a request sent', () => {
  const open = () => openTrace({}, resolveOptions().policy, { transport: 'test', startedAt: 0 });

  it('are the first ten different ones, in their order', () => {
    const trace = open();
    for (let i = 0; i < 2 * MAX_SENT; i++) {
      noteSent(trace, 'kafka', `topic.${i}`);
      noteSent(trace, 'kafka', 'topic.0');
    }
    expect(trace.sent).toEqual(Array.from({ length: MAX_SENT }, (_, i) => `kafka topic.${i}`));
  });

  it('are bounded in length', () => {
    const trace = open();
    noteSent(trace, 'bullmq', 'q'.repeat(1000));
    expect(trace.sent![0]).toHaveLength(128);
    expect(trace.sent![0]).toMatch(/^bullmq q+…$/);
  });

  it('are missing for a request that sends nothing', () => {
    expect(open().sent).toBeUndefined();
  });
});
