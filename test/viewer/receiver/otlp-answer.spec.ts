import { expect, it } from '@jest/globals';
import { PbfReader } from 'pbf';
import { otlpAnswer } from '../../../src/viewer/receiver/read-otlp.js';

/** The fields of a `google.rpc.Status`. */
function statusOf(bytes: Uint8Array): { code?: number; message?: string } {
  return new PbfReader(bytes).readFields<{ code?: number; message?: string }>(
    (field, status, pbf) => {
      if (field === 1) status.code = pbf.readVarint();
      if (field === 2) status.message = pbf.readString();
    },
    {},
  );
}

it('says nothing in particular of a success', () => {
  expect(otlpAnswer('json')).toBe('{}');
  expect(otlpAnswer('protobuf')).toHaveLength(0);
});

it.each(['', 'no', 'nö', 'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(16_384)])(
  'says what is wrong: "%s"',
  (error) => {
    expect(JSON.parse(otlpAnswer('json', error) as string)).toEqual({ message: error });
    expect(statusOf(otlpAnswer('protobuf', error) as Uint8Array)).toEqual({ message: error });
  },
);
