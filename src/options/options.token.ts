/** What the user wrote. */
export const RAW_TRACING_OPTIONS = Symbol.for('nestjs-tracing.raw-options');

/** The same with defaults, checked and frozen. */
export const TRACING_OPTIONS = Symbol.for('nestjs-tracing.options');
