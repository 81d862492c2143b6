import type { JSX, RefObject } from 'preact';
import { useState } from 'preact/hooks';
import { FilterFields } from './filter-fields.js';
import type { Filter } from '../search/filter.js';
import type { Session } from '../store/viewed-records.js';
import { Icon } from './parts/icon.js';

interface SearchBarProps {
  readonly filter: Filter;
  readonly sessions: readonly Session[];
  readonly services: readonly string[];
  readonly isNarrow: boolean;
  readonly input: RefObject<HTMLInputElement | null>;
  onChange(filter: Filter): void;
  onClear(): void;
}

/** One box for any id or text, and the filters. */
export function SearchBar(props: SearchBarProps): JSX.Element {
  const { filter, isNarrow, onChange } = props;
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
          placeholder="Search any id or text"
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
          onChange={onChange}
        />
        {(count > 0 || text !== '') && (
          <button type="button" class="button quiet" onClick={props.onClear}>
            Clear filters
          </button>
        )}
      </div>
    </div>
  );
}
