import type { TracedApplication } from '../../context/unit-of-work.js';
import { traceGrpcClients, type GrpcClientProxy } from './grpc-clients.js';
import { loadOptional } from '../load-optional.js';
import { traceClients, type ClientClasses } from './clients.js';
import { traceServers, type ListenersController } from './servers.js';

const TRACED = Symbol.for('nestjs-tracing.v1.microservices');

/**
 * Readies `@nestjs/microservices` to run each message in a trace, and its clients to send theirs.
 * NestJS itself loads the package wherever it is installed, so that costs nothing.
 */
export async function prepareMicroservices({ openSpan }: TracedApplication): Promise<void> {
  const listeners = await loadOptional(
    '@nestjs/microservices',
    () => import('@nestjs/microservices/listeners-controller.js'),
  );
  if (listeners === undefined) return;
  const classes = await import('@nestjs/microservices');

  const controller = listeners.ListenersController.prototype as unknown as ListenersController;
  if (TRACED in controller) return;
  Object.defineProperty(controller, TRACED, { value: true });
  traceServers(controller);
  traceClients(classes as unknown as ClientClasses, openSpan);
  traceGrpcClients(classes.ClientGrpcProxy.prototype as unknown as GrpcClientProxy, openSpan);
}
