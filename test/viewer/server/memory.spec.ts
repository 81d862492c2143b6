import { describe, expect, it } from '@jest/globals';
import { ServiceProcess } from '../../support/service-process.js';

describe('the memory of the page', () => {
  it('is what it may be and no more, though a page is open that does not read', async () => {
    const service = await ServiceProcess.start('test/viewer/server/memory.process.ts');
    await service.stop();
    const { limit, empty, full, overfull } = service.ready as Record<string, number>;
    // Beside it a megabyte that the page has yet to read, and what a collected heap breathes.
    expect(full! - empty!).toBeLessThan(limit! * 2);
    expect(overfull! - empty!).toBeLessThan(limit! * 2);
  }, 60_000);
});
