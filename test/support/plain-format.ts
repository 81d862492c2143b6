import { format } from 'winston';
import { MESSAGE } from '../../src/logging/winston/winston-symbols.js';

/** A format that writes the message alone. */
export const plain = format((info) => {
  info[MESSAGE] = info.message;
  return info;
});
