import { Logger } from '@nestjs/common';

// What a user may have put into the slots that tracing needs as well.

const logger = new Logger('callbacks');

const says =
  <T>(name: string, result: T) =>
  (): T => {
    logger.log(name);
    return result;
  };

export const wsCallbacks = {
  onConnect: says('onConnect', { welcome: 'back' }),
  onSubscribe: says('onSubscribe', undefined),
  context: says('context', { from: 'context' }),
  onOperation: says('onOperation', undefined),
  onNext: says('onNext', undefined),
  onError: says('onError', undefined),
  onComplete: says('onComplete', undefined),
  onDisconnect: says('onDisconnect', undefined),
  onClose: says('onClose', undefined),
};

export const apolloPlugin = {
  requestDidStart: () =>
    Promise.resolve({ willSendResponse: async () => says('plugin', undefined)() }),
};

export const mercuriusCallbacks = {
  context: says('context', { from: 'context' }),
  onConnect: says('onConnect', true),
  onDisconnect: says('onDisconnect', undefined),
};

export const mercuriusHooks = {
  preExecution: async () => says('preExecution', undefined)(),
  onResolution: async () => says('onResolution', undefined)(),
  preSubscriptionExecution: async () => says('preSubscriptionExecution', undefined)(),
  onSubscriptionResolution: async () => says('onSubscriptionResolution', undefined)(),
  onSubscriptionEnd: async () => says('onSubscriptionEnd', undefined)(),
};
