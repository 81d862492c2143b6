import type { IncomingMessage } from 'node:http';
import {
  Injectable,
  NotAcceptableException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';

const VERSION = '2';

@Injectable()
export class ApiVersionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<Pick<IncomingMessage, 'headers'>>();
    const version = headers['x-api-version'];
    if (version === VERSION) return true;
    throw new NotAcceptableException(`X-Api-Version must be ${VERSION} and is ${String(version)}`);
  }
}
