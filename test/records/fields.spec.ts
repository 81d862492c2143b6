import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  accessLogField,
  ACCESS_LOG_FIELD_NAMES,
  type AccessLogField,
} from '../../src/records/fields.js';

const NAMES: readonly AccessLogField[] = ACCESS_LOG_FIELD_NAMES;

describe('the table of fields', () => {
  it('has names in snake case, none of them an id', () => {
    for (const name of NAMES) expect(name).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
    expect(NAMES).not.toContain('trace_id');
    expect(new Set(NAMES).size).toBe(NAMES.length);
  });

  it('gives a unit to each number, and one that its name says', () => {
    for (const name of NAMES) {
      const { type, unit } = accessLogField(name);
      if (type === 'number' && name !== 'status_code')
        expect([name, unit]).toEqual([name, expect.any(String)]);
      expect(unit === 'ms').toBe(name.endsWith('_ms'));
    }
  });

  it('calls no two fields the same in a preset', () => {
    for (const preset of ['otel', 'ecs', 'gcp', 'datadog'] as const) {
      const names = NAMES.map((name) => {
        const given = accessLogField(name).presets?.[preset];
        return typeof given === 'object' ? given.name : (given ?? name);
      });
      expect(new Set(names).size).toBe(names.length);
    }
  });

  // A field that is spelled out in a dozen files is forgotten in one of them.
  it.each(['mcp_tool', 'graphql_operation', 'graphql_errors', 'dropped_steps'])(
    'is where %s is named, besides the places that set or show it',
    (name) => {
      const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
        (file) => /\.tsx?$/.test(file) && readFileSync(join('src', file), 'utf8').includes(name),
      );
      expect(files.length).toBeLessThanOrEqual(6);
    },
  );
});
