import type { JSX } from 'preact';
import { LEVELS } from './model/address.js';
import { STATUSES, type Filter, type StatusFilter } from '../search/filter.js';
import type { Session } from '../store/viewed-records.js';
import { sessionText } from './text/display-text.js';
import { visibleText } from './text/visible-text.js';

const SORTS = [
  ['newest', 'newest first'],
  ['slowest', 'slowest first'],
] as const;
const MAX_SESSIONS = 100;

interface FilterFieldsProps {
  readonly filter: Filter;
  readonly sessions: readonly Session[];
  readonly services: readonly string[];
  /** As of the search bar. */
  readonly sort: string | undefined;
  onSort(sort: string | undefined): void;
  onChange(filter: Filter): void;
}

export function FilterFields({
  filter,
  sessions,
  services,
  sort,
  onSort,
  onChange,
}: FilterFieldsProps): JSX.Element {
  const recent = sessions
    .slice(-MAX_SESSIONS)
    .map((session): readonly [string, string] => [session.id, sessionText(session)]);
  const { session: chosen } = filter;
  if (chosen !== undefined && !recent.some(([id]) => id === chosen)) {
    recent.unshift([chosen, sessionText({ id: chosen })]);
  }
  return (
    <>
      <Choice
        label="Level"
        value={filter.level}
        options={LEVELS.map((level) => [level, `${level} and worse`])}
        onChange={(level) => onChange({ ...filter, level })}
      />
      <Choice
        label="Session"
        value={filter.session}
        options={recent}
        onChange={(session) => onChange({ ...filter, session })}
      />
      <Choice
        label="Status"
        value={filter.status}
        options={STATUSES.map((status) => [status, status])}
        onChange={(status) => onChange({ ...filter, status: status as StatusFilter | undefined })}
      />
      <label class="field" data-set={filter.slowerThanMs !== undefined || undefined}>
        <span>Slower than</span>
        <input
          type="number"
          min="0"
          step="any"
          inputMode="decimal"
          placeholder="any"
          value={filter.slowerThanMs ?? ''}
          onInput={(event) =>
            onChange({ ...filter, slowerThanMs: milliseconds(event.currentTarget) })
          }
        />
        <span>ms</span>
      </label>
      {services.length > 1 && (
        <Choice
          label="Service"
          value={filter.service}
          options={services.map((name) => [name, name])}
          onChange={(service) => onChange({ ...filter, service })}
        />
      )}
      {sort !== undefined && (
        <Choice
          label="Sort"
          value={SORTS.some(([name]) => name === sort) ? sort : undefined}
          none="oldest first"
          options={SORTS}
          onChange={onSort}
        />
      )}
    </>
  );
}

function milliseconds(input: HTMLInputElement): number | undefined {
  const value = input.valueAsNumber;
  return value >= 0 ? value : undefined;
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string | undefined;
  /** The value and its words. */
  readonly options: readonly (readonly [string, string])[];
  /** The words for no value. Default: `any`. */
  readonly none?: string;
  onChange(value: string | undefined): void;
}

function Choice({ label, value, options, none = 'any', onChange }: ChoiceProps): JSX.Element {
  return (
    <label class="field" data-set={value !== undefined || undefined}>
      <span>{label}</span>
      <select
        value={value ?? ''}
        onChange={(event) => onChange(event.currentTarget.value || undefined)}
      >
        <option value="">{none}</option>
        {options.map(([option, words]) => (
          <option key={option} value={option}>
            {visibleText(words)}
          </option>
        ))}
      </select>
    </label>
  );
}
