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
