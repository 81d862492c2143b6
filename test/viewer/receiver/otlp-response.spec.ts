import { expect, it } from '@jest/globals';
import { PbfReader } from 'pbf';
import { otlpResponse } from '../../../src/viewer/receiver/otlp-response.js';

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

it('has an empty message for a success', () => {
  expect(otlpResponse('json')).toBe('{}');
  expect(otlpResponse('protobuf')).toHaveLength(0);
});

it.each(['', 'no', 'nö', 'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(16_384)])(
  'has the reason of a failure: "%s"',
  (error) => {
    expect(JSON.parse(otlpResponse('json', error) as string)).toEqual({ message: error });
    expect(statusOf(otlpResponse('protobuf', error) as Uint8Array)).toEqual({ message: error });
  },
);
