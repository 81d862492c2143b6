import { describe, expect, it } from '@jest/globals';
import { errorText } from '../../../src/records/error-text.js';
import { errorParts } from '../../../src/viewer/page/detail/error-parts.js';

const STACK = `Payment refused: no funds
for card 4
    at PaymentService.charge (/app/src/payment.service.ts:12:9)
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)
    at async Layer.handle (/app/node_modules/router/lib/layer.js:152:17)
    at async OrdersController.pay (file:///app/dist/orders.controller.js:8:3)
code=NO_FUNDS`;

describe('errorParts', () => {
  it('has the whole title, and the frames of the application apart from all others', () => {
    expect(errorParts(STACK)).toEqual([
      {
        title: 'Payment refused: no funds\nfor card 4',
        ownFrames: [
          'at PaymentService.charge (/app/src/payment.service.ts:12:9)',
          'at async OrdersController.pay (file:///app/dist/orders.controller.js:8:3)',
        ],
        frames: 4,
      },
    ]);
  });

  it('has the causes of an error as the log writes them', () => {
    const cause = new Error('card expired', { cause: new TypeError('no date') });
    const text = errorText(new Error('no funds', { cause }));
    expect(errorParts(text).map(({ title }) => title)).toEqual([
      'Error: no funds',
      'Error: card expired',
      'TypeError: no date',
    ]);
  });

  it('is a title where there is no stack', () => {
    expect(errorParts('HTTP 503')).toEqual([{ title: 'HTTP 503', ownFrames: [], frames: 0 }]);
  });

  it('has ten parts at most', () => {
    expect(errorParts('x\ncaused by:\n'.repeat(1000))).toHaveLength(10);
  });
});
