import { describe, expect, it } from '@jest/globals';
import { ServiceProcess } from '../../support/service-process.js';

describe('the memory of the trace viewer', () => {
  it('is what it may be and no more, though a page is open that does not read', async () => {
    const service = await ServiceProcess.start('test/viewer/server/memory.process.ts');
    await service.stop();
    const { limit, empty, full, overfull } = service.ready as Record<string, number>;
    // Plus a megabyte that the browser has yet to read, and the noise of a collected heap.
    expect(full! - empty!).toBeLessThan(limit! * 2);
    expect(overfull! - empty!).toBeLessThan(limit! * 2);
  }, 60_000);
});
