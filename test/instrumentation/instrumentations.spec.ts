import { describe, expect, it } from '@jest/globals';
import type { ModulesContainer } from '@nestjs/core';
import type { TracedApplication } from '../../src/context/traced-application.js';
import {
  attachInstrumentations,
  prepareInstrumentations,
} from '../../src/instrumentation/instrumentations.js';
import { spyOnWarnings } from '../support/warnings.js';

const warn = spyOnWarnings();
const failing = (): never => {
  throw new Error('another shape');
};

/** An application whose container is not what any instrumentation expects. */
const application = {
  modules: { values: failing, [Symbol.iterator]: failing } as unknown as ModulesContainer,
} as TracedApplication;

describe('an instrumentation that throws', () => {
  it('costs one warning for each package, and no start', async () => {
    for (let i = 0; i < 2; i++) {
      await prepareInstrumentations(application);
      await attachInstrumentations(application);
    }
    const messages = warn.mock.calls.map(([message]) => String(message));
    expect(messages.filter((text) => text.endsWith('is not traced: another shape')).length).toBe(7);
    expect(new Set(messages).size).toBe(messages.length);
    for (const message of messages) {
      expect(message).toMatch(
        /^nestjs-tracing: \S+ \d+\.\d+\S* (?:is not traced: another shape$|has another shape)/,
      );
    }
    expect(new Set(warn.mock.calls.map(([, options]) => Object(options).code))).toEqual(
      new Set(['TRACING_UNSUPPORTED']),
    );
  });
});
