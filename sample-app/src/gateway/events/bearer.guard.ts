import type { IncomingMessage } from 'node:http';
import {
  Injectable,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';

const BEARER = /^Bearer +\S+$/i;

/** Accepts any token: issuing and verifying them is the job of another service. */
@Injectable()
export class BearerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<Pick<IncomingMessage, 'headers'>>();
    if (BEARER.test(headers.authorization ?? '')) return true;
    throw new UnauthorizedException('A bearer token is required');
  }
}
