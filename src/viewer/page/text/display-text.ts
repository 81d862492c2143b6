import { settings } from '../model/settings.js';

const SESSION_LENGTH = 8;

/** The first characters of a session's id, as the log text has them. */
export function sessionLabel(id: string): string {
  return id.slice(0, SESSION_LENGTH);
}

/** The time of day in the time zone that the user has chosen, as in `10:30:15.042`. */
export function timeText(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '--:--:--.---';
  if (settings().timeZone === 'UTC') return date.toISOString().slice(11, 23);
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${clock.map((part) => digits(part, 2)).join(':')}.${digits(date.getMilliseconds(), 3)}`;
}

/** The time zone for `toLocaleString`; `undefined` for that of the user. */
export function timeZoneName(): 'UTC' | undefined {
  return settings().timeZone === 'UTC' ? 'UTC' : undefined;
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, '0');
}
