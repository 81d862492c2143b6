/** The token of the options as the user wrote them. */
export const RAW_TRACING_OPTIONS = Symbol.for('nestjs-tracing.v1.raw-options');

/** Marks the class of a module that needs every trace id to be a W3C id. */
export const REQUIRES_W3C_IDS = Symbol.for('nestjs-tracing.v1.requires-w3c-ids');

/** The token of the options with defaults, checked and frozen. */
export const TRACING_OPTIONS = Symbol.for('nestjs-tracing.v1.options');

/** The winston logger of an application, behind `TracingLogger`. */
export const WINSTON_LOGGER = Symbol.for('nestjs-tracing.v1.winston-logger');
