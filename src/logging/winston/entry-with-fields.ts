import { fieldsOfFormat } from '../formats/line-format.js';
import { jsonLine } from '../formats/json-format.js';
import { presetOf } from '../formats/presets.js';
import { defaultService } from '../../options/service-name.js';
import { CALLED_AT, INJECTED, SCOPE, type CapturedEntry } from './captured-entry.js';
import { LEVEL, MESSAGE, SPLAT } from './winston-symbols.js';

/**
 * An entry for a transport that reads fields instead of the finished line: winston-loki,
 * winston-mongodb, winston's `Http`, syslog. Under a format that writes whole lines, such as
 * `traceJson()`, the entry itself has no ids, and its errors would become `{}`. So the transport
 * gets the fields of that line, as plain values, with `level` and `message` under winston's names.
 *
 * @param loggerFormat decides the names of the fields.
 */
export function entryWithFields(entry: CapturedEntry, loggerFormat: unknown): CapturedEntry {
  // Any other format has put the ids on the entry already.
  if (entry[INJECTED] !== undefined || entry[SCOPE] === undefined) return entry;
  const { preset, json } = fieldsOfFormat(Object(loggerFormat) as object) ?? standardFields();
  const fields = JSON.parse(json(entry)) as CapturedEntry;
  fields.level = entry.level;
  fields.message = fields[preset.message];
  // winston's mark of an exception that it has caught: a transport may leave such an entry out.
  if (fields['exception'] === true && entry['exception'] !== true) {
    fields['_exception'] = true;
    delete fields['exception'];
  }
  fields[LEVEL] = entry[LEVEL] ?? entry.level;
  fields[MESSAGE] = entry[MESSAGE];
  fields[SPLAT] = entry[SPLAT];
  fields[SCOPE] = entry[SCOPE];
  fields[CALLED_AT] = entry[CALLED_AT] ?? Date.now();
  fields[INJECTED] = preset.ids;
  return fields;
}

let standard: { preset: ReturnType<typeof presetOf>; json: (entry: CapturedEntry) => string };

function standardFields(): typeof standard {
  const preset = presetOf(undefined);
  return (standard ??= { preset, json: jsonLine(preset, defaultService()) });
}
