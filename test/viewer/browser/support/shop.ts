// Its `afterEach` comes before that which ends the applications.
import './visitor.js';
import type { TracingModuleOptions } from 'nestjs-tracing';
import { TraceViewerModule, type TraceViewerOptions } from 'nestjs-tracing/viewer';
import { tracedApp, type Platform, type TracedApp } from '../../../support/traced-app.js';
import { SHOP } from './shop-parts.js';

/** An application that takes payments, and shows its traces. */
export function startShop(
  viewer: TraceViewerOptions = {},
  { platform = 'express', ...tracing }: TracingModuleOptions & { platform?: Platform } = {},
): Promise<TracedApp> {
  // A logger that brings its own format takes the name from here.
  process.env['OTEL_SERVICE_NAME'] = 'shop';
  return tracedApp(platform)
    .with(tracing)
    .of({
      imports: [TraceViewerModule.forRoot(viewer)],
      ...SHOP,
    })
    .start();
}

/** The headers of a request in a session. */
export function as(sessionId: string, requestId?: string): { headers: Record<string, string> } {
  const headers = { 'X-Session-ID': sessionId };
  return { headers: requestId === undefined ? headers : { ...headers, 'X-Request-ID': requestId } };
}

export const ALICE = 'alice-session-0001';
export const BOB = 'bobby-session-0002';
