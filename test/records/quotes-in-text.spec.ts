import { expect, it } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import { errorFields } from '../../src/records/error-fields.js';
import { errorLine } from '../../src/records/error-line.js';

function parsingError(text: string): Error {
  try {
    JSON.parse(text);
  } catch (error) {
    // As `http-errors` marks what the parser of bodies throws.
    return Object.assign(error as Error, { expose: true, statusCode: 400, body: text });
  }
  throw new Error('valid');
}

it.each([['hello canary'], [`{"name": 1, "password": canary, "and": "${'x'.repeat(60)}"}`]])(
  'a part of the body is not in the message of a parser: %s',
  (text) => {
    const cause = parsingError(text);
    const error = new BadRequestException(cause.message, { cause });
    for (const one of [cause, error]) {
      const { message, stack } = errorFields(one);
      expect(message).toMatch(/^Unexpected token '.', the body is not valid JSON$/);
      expect(`${String(stack)} ${String(errorLine(one))}`).not.toMatch(/canary|password|hello/);
    }
  },
);

it('a header is not in the message of a parser', () => {
  const error = new BadRequestException('unsupported charset "canary"');
  expect(errorFields(error)['message']).toBe('unsupported charset');
});

it('what the application parses itself is shown', () => {
  const error = new Error(`Unexpected token 'h', "hello" is not valid JSON`);
  expect(errorFields(error)['message']).toBe(error.message);
});
