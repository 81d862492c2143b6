import { expect, it, jest } from '@jest/globals';
import { TraceContext } from 'nestjs-tracing';
import { applicationIn } from '../../../src/records/application.js';
import { Recorder } from '../../../src/viewer/server/recorder.js';
import { RecordStore } from '../../../src/viewer/server/record-store.js';
import { resolveViewerOptions } from '../../../src/viewer/server/viewer-options.js';
import { tracedApp } from '../../support/traced-app.js';

it('drops a failure that is one too many with its last line, and not with that of the one before', async () => {
  const { app } = await tracedApp('express').of({}).start();
  const trace = app.get(TraceContext);
  const fail = (): Promise<void> =>
    expect(trace.run({ name: 'storm' }, () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );

  const { limits } = resolveViewerOptions({});
  const store = new RecordStore(limits);
  // What they allow in a second is used up.
  jest.spyOn(store, 'admitsRequest').mockReturnValue(false);
  jest.spyOn(store, 'admitsNotableRequest').mockReturnValue(false);
  const recorder = new Recorder(applicationIn(app), store, limits);
  recorder.start();

  await fail();
  expect(store.dropped).toEqual({ requests: 1, lines: 1, spans: 0 });
  await fail();
  expect(store.dropped).toEqual({ requests: 2, lines: 2, spans: 0 });
  expect(store.after(0, 10)).toEqual([]);
  recorder.stop();
});
