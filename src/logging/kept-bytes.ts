import { types } from 'node:util';

/** `slice` as all typed arrays have it: that of a `Buffer` copies nothing. */
const { slice } = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;

/** How many bytes a buffer or a view of one holds; `undefined` for any other object. */
export function bytesIn(value: object): number | undefined {
  if (!ArrayBuffer.isView(value) && !types.isAnyArrayBuffer(value)) return undefined;
  return value.byteLength;
}

/** A copy of a buffer, or of what a view shows of one. */
export function copyOfBytes(value: object): object {
  if (types.isTypedArray(value)) return slice.call(value);
  if (types.isAnyArrayBuffer(value)) return value.slice(0);
  const { buffer, byteOffset, byteLength } = value as DataView;
  return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
}
