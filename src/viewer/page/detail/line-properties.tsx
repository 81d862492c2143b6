import type { JSX } from 'preact';
import type { ViewLine } from '../../view-records.js';
import { timeText } from '../text/display-text.js';
import { visibleLines } from '../text/visible-text.js';
import { PropertyList } from './property-list.js';
import { fieldProperties } from './field-properties.js';

const MAX_TEXT = 20_000;

/** The whole line: message, fields and error. */
export function LineProperties({ record }: { readonly record: ViewLine }): JSX.Element {
  return (
    <div class="line-facts">
      <pre class="whole-message" tabIndex={0}>
        {visibleLines(record.message.slice(0, MAX_TEXT))}
      </pre>
      <PropertyList
        properties={[
          { name: 'time', value: timeText(record.time) },
          { name: 'service', value: record.service },
          { name: 'context', value: record.context },
          { name: 'span id', value: record.spanId, isId: true },
          ...fieldProperties(record.fields),
        ]}
      />
      {record.error !== undefined && (
        <pre class="stack-trace" tabIndex={0}>
          {visibleLines(record.error.slice(0, MAX_TEXT))}
        </pre>
      )}
    </div>
  );
}
