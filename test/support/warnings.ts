import { beforeEach, jest } from '@jest/globals';

/** Catches process warnings; each test begins as if none had been given. */
export function spyOnWarnings() {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  beforeEach(() => {
    warn.mockClear();
    const shared = globalThis as unknown as Record<symbol, Set<string>>;
    shared[Symbol.for('nestjs-tracing.v1.warnings')]?.clear();
  });
  return warn;
}
