import { accessLogField, ACCESS_LOG_FIELD_NAMES } from '../../../records/fields.js';
import type { ViewedFields, ViewRequest } from '../../view-records.js';

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

const SESSION_LENGTH = 8;

/** The first characters of a session's id, as the log text has them. */
export function sessionLabel(id: string): string {
  return id.slice(0, SESSION_LENGTH);
}

/** The user's own time of day, as in `10:30:15.042`. */
export function timeText(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '--:--:--.---';
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${clock.map((part) => digits(part, 2)).join(':')}.${digits(date.getMilliseconds(), 3)}`;
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, '0');
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A duration with three significant digits, as in `0.42 ms`, `18.5 ms`, `185 ms`, `1.24 s`, `2 min 5 s`. */
export function durationText(ms: number): string {
  // A value that would be rounded up to the next unit is shown in that unit.
  if (ms < SECOND - 0.5) return `${rounded(ms)} ms`;
  if (ms < MINUTE - 50) return `${rounded(ms / SECOND)} s`;
  if (ms < HOUR - SECOND / 2) return twoUnits(ms / SECOND, 'min', 's');
  return twoUnits(ms / MINUTE, 'h', 'min');
}

function rounded(value: number): string {
  const decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return String(Number(value.toFixed(decimals)));
}

function twoUnits(value: number, large: string, small: string): string {
  const whole = Math.round(value);
  const rest = whole % 60;
  const text = `${Math.floor(whole / 60)} ${large}`;
  return rest === 0 ? text : `${text} ${rest} ${small}`;
}
