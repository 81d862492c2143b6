import type { JSX, RefObject } from 'preact';
import { useState } from 'preact/hooks';
import { FilterFields } from './filter-fields.js';
import type { Filter } from '../search/filter.js';
import { MAX_SEARCH } from '../search/search.js';
import type { Session } from '../store/viewed-records.js';
import { Icon } from './parts/icon.js';
import { visibleText } from './text/visible-text.js';

interface SearchBarProps {
  readonly filter: Filter;
  readonly sessions: readonly Session[];
  readonly services: readonly string[];
  /** How the list is sorted: `''` for its own order, `undefined` where it cannot be sorted. */
  readonly sort: string | undefined;
  /** What cannot be searched for. */
  readonly problem: string | undefined;
  readonly isNarrow: boolean;
  readonly input: RefObject<HTMLInputElement | null>;
  onSort(sort: string | undefined): void;
  onChange(filter: Filter): void;
  onClear(): void;
}

/** One box for any id or text, and the filters. */
export function SearchBar(props: SearchBarProps): JSX.Element {
  const { filter, problem, isNarrow, onChange } = props;
  const [isOpen, setIsOpen] = useState(false);
  const { text, ...others } = filter;
  const count = Object.values(others).filter((value) => value !== undefined).length;
  return (
    <div role="search" class="search-bar" aria-label="Requests and lines">
      <label class="search">
        <Icon name="search" />
        <span class="visually-hidden">Search</span>
        <input
          ref={props.input}
          type="search"
          placeholder="Search any id or text, status:>=500, -not"
          title='All of these words; a "phrase"; field:value; -not; /pattern/ (? for help)'
          maxLength={MAX_SEARCH}
          aria-invalid={problem !== undefined}
          aria-describedby="search-problem"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => onChange({ ...filter, text: event.currentTarget.value })}
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
      {isNarrow && (
        <button
          type="button"
          class="button"
          aria-expanded={isOpen}
          aria-controls="filters"
          onClick={() => setIsOpen(!isOpen)}
        >
          <Icon name="filter" />
          Filters{count > 0 && ` (${count})`}
        </button>
      )}
      <div id="filters" class="filters" hidden={isNarrow && !isOpen}>
        <FilterFields
          filter={filter}
          sessions={props.sessions}
          services={props.services}
          sort={props.sort}
          onSort={props.onSort}
          onChange={onChange}
        />
        {(count > 0 || text !== '') && (
          <button type="button" class="button quiet" onClick={props.onClear}>
            Clear filters
          </button>
        )}
      </div>
      <p id="search-problem" class="search-problem" aria-live="polite">
        {problem !== undefined && visibleText(problem)}
      </p>
    </div>
  );
}
