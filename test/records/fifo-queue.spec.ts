import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { FifoQueue } from '../../src/records/fifo-queue.js';

type Step = 'push' | 'shift' | 'keep even';

describe('a queue', () => {
  it('does what an array does, and holds nothing that was taken out', () => {
    const step = fc.constantFrom<Step>('push', 'push', 'shift', 'shift', 'keep even');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new FifoQueue<number>();
        let array: number[] = [];
        const isEven = (n: number): boolean => n % 2 === 0;
        for (const [n, step] of steps.entries()) {
          if (step === 'push') {
            queue.push(n);
            array.push(n);
          } else if (step === 'shift') {
            expect(queue.shift()).toBe(array.shift());
          } else {
            queue.keep(isEven);
            array = array.filter(isEven);
          }
          expect(queue).toHaveLength(array.length);
          expect(queue.first).toBe(array[0]);
          expect(queue.slice(1, 3)).toEqual(array.slice(1, 3));
          expect(queue['items'].length).toBeLessThanOrEqual(array.length * 2 + 1);
        }
      }),
    );
  });
});
