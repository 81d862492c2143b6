import type { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { TracedApplication } from '../context/traced-application.js';
import type { RunUnitOfWork } from '../context/unit-of-work.js';
import type { RequestTracer } from '../http-server/request-tracer.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import { bindRequestHandlers } from '../http-server/request-boundary.js';
import { spanMethods } from '../spans/auto-spans.js';
import { bypassInterceptor } from '../access-log/interceptor-bypass.js';
import { traceOutgoingCalls } from '../http-client/trace-http-clients.js';
import { addApplication } from './instrumented-applications.js';
import { provideUserStores } from '../context/user-store.js';
import { openSpan } from '../spans/open-span.js';
import { prepareInstrumentations } from './instrumentations.js';

/** Changes what has to be changed before the application registers its routes and listeners. */
export async function prepareApplication(
  options: ResolvedTracingOptions,
  modules: ModulesContainer,
  host: HttpAdapterHost,
  tracer: RequestTracer,
  runUnitOfWork: RunUnitOfWork,
): Promise<TracedApplication> {
  const { policy } = options;
  const openConnection = tracer.openConnection.bind(tracer);
  const sessionOfClient = tracer.sessionOfClient.bind(tracer);
  const application = {
    modules,
    policy,
    runUnitOfWork,
    openSpan,
    openConnection,
    sessionOfClient,
  };
  // An application that imports the module twice is prepared once. It is added first, so that the
  // end of another application does not undo what is changed here.
  if (!addApplication(application)) return application;
  provideUserStores();
  await bindRequestHandlers(host);
  await spanMethods(modules, options);
  if (options.interceptor || options.enrich !== undefined) await bypassInterceptor();
  if (policy.isTrustedHost !== undefined) traceOutgoingCalls(openSpan);
  await prepareInstrumentations(application);
  return application;
}
