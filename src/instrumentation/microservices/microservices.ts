import type { TracedApplication } from '../../context/traced-application.js';
import { traceKafkaServers } from '../kafkajs/kafkajs.js';
import { traceGrpcClients, type GrpcClientProxy } from './grpc-client.js';
import { loadMicroservices } from './load-microservices.js';
import { traceMessageClients, type ClientClasses } from './message-clients.js';
import { noteMessageErrors } from './message-errors.js';
import { traceMessageServers } from './message-servers.js';
import type { PacketClasses } from './packet-metadata.js';

/** What is used of the package's exports. All may be missing in a version to come. */
type Microservices = ClientClasses &
  PacketClasses & {
    readonly ClientGrpcProxy?: { readonly prototype: GrpcClientProxy };
    readonly ServerKafka?: { readonly prototype: object };
  };

/**
 * Prepares `@nestjs/microservices` to run each message in a trace, and its clients to send theirs.
 * NestJS itself loads the package wherever it is installed, so that costs nothing.
 */
export async function prepareMicroservices({ openSpan }: TracedApplication): Promise<void> {
  const loaded = await loadMicroservices();
  if (loaded === undefined) return;
  // Its types say that the members which are used here are private.
  const classes = loaded as unknown as Microservices;
  await traceMessageServers(classes);
  await noteMessageErrors();
  traceKafkaServers(classes.ServerKafka?.prototype);
  traceMessageClients(classes, openSpan);
  traceGrpcClients(classes.ClientGrpcProxy?.prototype, openSpan);
}
