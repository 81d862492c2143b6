import { jest } from '@jest/globals';

// CI machines stall: a test that fails there runs once more, after the others of its file. Its first
// failure is printed, so that one that fails now and then is seen.
const retries = Number(process.env['TEST_RETRIES']);
if (retries > 0) jest.retryTimes(retries, { logErrorsBeforeRetry: true });
