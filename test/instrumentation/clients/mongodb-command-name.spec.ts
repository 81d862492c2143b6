import { expect, it } from '@jest/globals';
import {
  givenCommand,
  isHidden,
  operationCommand,
} from '../../../src/instrumentation/clients/mongodb-command-name.js';

it.each([
  // Version 7, and those before 6.21, which name no command or one for an operation of several.
  ['find', 'FindOperation', 'find'],
  [undefined, 'FindOperation', 'find'],
  [undefined, 'CountDocumentsOperation', 'aggregate'],
  ['insert', 'InsertManyOperation', undefined],
  ['bulkWrite', 'BulkWriteShimOperation', undefined],
  ['bulkWrite', 'ClientBulkWriteOperation', 'bulkWrite'],
  [undefined, 'BulkWriteOperation', undefined],
  [undefined, 'constructor', undefined],
  ['a name with: canary', 'NewOperation', undefined],
  ['x'.repeat(32), 'NewOperation', 'x'.repeat(32)],
  ['x'.repeat(33), 'NewOperation', undefined],
])('an operation that says %j of the class %s sends %s', (commandName, className, command) => {
  expect(operationCommand(commandName, className)).toBe(command);
});

it.each([
  [{ ping: 1 }, 'ping'],
  [{ find: 'users', filter: {} }, 'find'],
  [new Map([['count', 'users']]), 'count'],
  [{ canary: 1, find: 'users' }, 'runCommand'],
  [{ saslStart: 1 }, undefined],
  [{}, undefined],
  [undefined, undefined],
  ['text', 'runCommand'],
])('the command of %j is %s', (given, command) => {
  expect(givenCommand(given)).toBe(command);
});

it('hides what has credentials in any spelling of its case', () => {
  expect(['SASLSTART', 'createuser', 'Hello', 'find'].map(isHidden)).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
