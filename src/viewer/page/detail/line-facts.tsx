import type { JSX } from 'preact';
import type { ViewLine } from '../../view-records.js';
import { timeText } from '../model/titles.js';
import { visibleLines } from '../text/visible-text.js';
import { Facts } from './facts.js';
import { fieldFacts } from './field-facts.js';

const MAX_TEXT = 20_000;

/** Everything that a line says. */
export function LineFacts({ record }: { readonly record: ViewLine }): JSX.Element {
  return (
    <div class="line-facts">
      <pre class="whole-message" tabIndex={0}>
        {visibleLines(record.message.slice(0, MAX_TEXT))}
      </pre>
      <Facts
        facts={[
          { name: 'time', value: timeText(record.time) },
          { name: 'service', value: record.service },
          { name: 'context', value: record.context },
          { name: 'span id', value: record.spanId, isId: true },
          ...fieldFacts(record.fields),
        ]}
      />
      {record.error !== undefined && (
        <pre class="stack" tabIndex={0}>
          {visibleLines(record.error.slice(0, MAX_TEXT))}
        </pre>
      )}
    </div>
  );
}
