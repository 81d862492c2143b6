import { settings } from '../model/settings.js';

const SESSION_LENGTH = 8;

/** The first characters of a session's id, as the log text has them. */
export function sessionLabel(id: string): string {
  return id.slice(0, SESSION_LENGTH);
}

/** The name of a session's user with the session, as in `Alice (abc12345)`; without one the session. */
export function sessionText({
  id,
  user,
}: {
  readonly id: string;
  readonly user?: string | undefined;
}): string {
  return user === undefined ? sessionLabel(id) : `${user} (${sessionLabel(id)})`;
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

/** The day of a time as in `2026-11-27`, in the time zone that the user has chosen; `''` for today. */
export function dayText(time: number, now = Date.now()): string {
  const day = dateText(time);
  return day === dateText(now) ? '' : day;
}

/** The time of day, after the day where that is another one than today. */
export function dayTimeText(time: number, now?: number): string {
  return `${dayText(time, now)} ${timeText(time)}`.trimStart();
}

function dateText(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '';
  if (settings().timeZone === 'UTC') return date.toISOString().slice(0, 10);
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return parts.map((part) => digits(part, 2)).join('-');
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, '0');
}
