import { accessLogField, ACCESS_LOG_FIELD_NAMES } from '../records/fields.js';
import type { ViewedFields, ViewRequest } from './view-records.js';

/**
 * The title of a request, in the words of its access log line: `POST /api/payment`,
 * `tcp payment.charge`, `bullmq ledger book`.
 */
export function titleOf(record: ViewRequest): string {
  const { method, path, route, handler, kind } = record;
  const words = { ...record, path: method === undefined ? undefined : (path ?? route) };
  const title = TITLE_FIELDS.map((name) => words[name])
    .filter((word) => word !== undefined && word !== '')
    .join(' ');
  return title === '' ? (handler ?? kind) : title;
}

const TITLE_FIELDS = ACCESS_LOG_FIELD_NAMES.filter(
  (name) => accessLogField(name).inTitle,
) as readonly (keyof ViewedFields)[];
