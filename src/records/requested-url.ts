import type { IncomingMessage } from 'node:http';

/**
 * The request target that the client sent. Routers take the path of a mount off `url`, and
 * middleware and Fastify's `rewriteUrl` replace it: Express, connect and Fastify then keep what the
 * client sent in `originalUrl`.
 */
export function requestedUrl(request: IncomingMessage): string {
  const { originalUrl } = request as { originalUrl?: unknown };
  return (typeof originalUrl === 'string' && originalUrl) || (request.url ?? '');
}
