import { isoTimestamp } from '../../records/timestamp.js';
import { CALLED_AT, FORCED, type CapturedEntry } from '../winston/captured-entry.js';

/**
 * Gives an entry of the flight recorder the time of its call, for formats that take the time of
 * writing if an entry has none, as winston's `timestamp()` does.
 */
export function addRecordedTime(entry: CapturedEntry): void {
  const { recorded, timestamp, [CALLED_AT]: time } = entry;
  if (recorded !== true || time === undefined || timestamp !== undefined) return;
  // A field of the application may have this name.
  if (FORCED in entry) entry['timestamp'] = isoTimestamp(time);
}

/** Takes it away again for a format that writes whole lines, which have the time by themselves. */
export function dropRecordedTime(entry: CapturedEntry): void {
  const { recorded, timestamp, [CALLED_AT]: time } = entry;
  if (recorded !== true || time === undefined || timestamp === undefined) return;
  if (FORCED in entry && timestamp === isoTimestamp(time)) delete entry['timestamp'];
}
