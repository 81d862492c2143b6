// Packages that have no types of their own, as far as the tests use them.

declare module 'passport' {
  import type { RequestHandler } from 'express';

  const passport: { initialize(): RequestHandler; session(): RequestHandler };
  export default passport;
}

declare module 'passport-local' {
  export class Strategy {
    constructor(verify: (...credentials: unknown[]) => void);
    authenticate(request: object, options?: object): void;
  }
}
