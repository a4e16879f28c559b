import { ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { describe, expect, test } from 'vitest';
import { clientServed, eventsOf } from '../../../test/recordings/bedrock-converse/sdk.ts';
import { message } from '../../../test/recordings/bedrock-converse/streams.ts';
import { awsEventStream } from '../../framing/aws-event-stream.ts';
import { decodeFailure, encodeError, encodeStreamError, errorHeaders } from './error.ts';
import { createDecoder } from './stream.ts';

const converse = new ConverseCommand({ modelId: 'fast', messages: [{ role: 'user', content: [{ text: 'Hi' }] }] });
const thrownFor = (status: number, code: string): Promise<unknown> => {
  const error = { status, code, message: 'It is so.' };
  const headers = { 'content-type': 'application/json', ...Object.fromEntries(errorHeaders(error)) };
  return clientServed({ status, headers, body: encodeError(error) }).send(converse);
};

describe('an error for a client', () => {
  test.each([
    [400, 'invalid-request', sdk.ValidationException],
    [401, 'invalid-key', sdk.AccessDeniedException],
    [403, 'model-not-allowed', sdk.AccessDeniedException],
    [404, 'model-not-found', sdk.ResourceNotFoundException],
    [408, 'request-timeout', sdk.ModelTimeoutException],
    [413, 'body-too-large', sdk.ValidationException],
    [424, '', sdk.ModelErrorException],
    [429, 'budget-exceeded', sdk.ThrottlingException],
    [429, 'ModelNotReadyException', sdk.ModelNotReadyException],
    [500, 'internal', sdk.InternalServerException],
    [502, 'provider-error', sdk.InternalServerException],
    [503, 'overloaded_error', sdk.ServiceUnavailableException],
    [504, 'provider-timeout', sdk.ModelTimeoutException],
    [529, 'overloaded_error', sdk.ServiceUnavailableException],
  ])('of status %i (%s) is thrown by the SDK as its own class', async (status, code, kind) => {
    const thrown = thrownFor(status, code);
    await expect(thrown).rejects.toBeInstanceOf(kind);
    await expect(thrown).rejects.toMatchObject({ message: 'It is so.', $metadata: { httpStatusCode: status } });
  });

  test('has our code and the field beside its message', () => {
    expect(JSON.parse(encodeError({ status: 400, code: 'invalid-request', message: 'No.', field: 'messages' }))).toEqual({
      message: 'No.',
      code: 'invalid-request',
      field: 'messages',
    });
  });
});

describe('an error that ends a client’s stream', () => {
  const thrownIn = (status: number, code: string): Promise<unknown> => {
    const writer = awsEventStream.createWriter();
    const events = encodeStreamError({ status, code, message: 'It is so.' }).map((event) => Buffer.from(writer.write(event)));
    return eventsOf(Buffer.concat([message('event', 'messageStart', { role: 'assistant' }), ...events]));
  };

  test.each([
    [400, 'invalid-request', sdk.ValidationException],
    [403, '', sdk.ValidationException],
    [429, 'rate_limit_error', sdk.ThrottlingException],
    [500, 'internal', sdk.InternalServerException],
    [502, 'provider-cut', sdk.InternalServerException],
    [503, 'overloaded_error', sdk.ServiceUnavailableException],
    [504, 'provider-timeout', sdk.ModelStreamErrorException],
    [424, 'ModelErrorException', sdk.ModelStreamErrorException],
  ])('of status %i (%s) is thrown by the SDK as its own class', async (status, code, kind) => {
    const thrown = thrownIn(status, code);
    await expect(thrown).rejects.toBeInstanceOf(kind);
    await expect(thrown).rejects.toMatchObject({ message: 'It is so.' });
  });
});

describe('a provider’s error', () => {
  const read = (status: number, body: string, type?: string) =>
    decodeFailure(status, Buffer.from(body), new Map(type === undefined ? [] : [['x-amzn-errortype', type]]));

  test.each([
    ['ValidationException', 'ValidationException'],
    ['ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/', 'ThrottlingException'],
    ['com.amazon.coral.service#AccessDeniedException', 'AccessDeniedException'],
  ])('has its type in a header: %s', (header, type) => {
    expect(read(400, '{"message":"No."}', header)).toEqual({ status: 400, type, message: 'No.' });
  });

  test('may have its type in the body, and its message begun with a large letter', () => {
    expect(read(403, '{"__type":"com.amazon#UnrecognizedClientException","Message":"Who?"}')).toEqual({
      status: 403,
      type: 'UnrecognizedClientException',
      message: 'Who?',
    });
  });

  test('that is none becomes its message', () => {
    expect(read(502, '<html>Bad gateway</html>')).toEqual({ status: 502, type: '', message: '<html>Bad gateway</html>' });
    expect(read(503, '')).toEqual({ status: 503, type: '', message: 'The provider answered with status 503.' });
  });
});

describe('an exception in a provider’s stream', () => {
  const read = (name: string, payload: object) => {
    const events = awsEventStream.createParser().push(message('exception', name, payload));
    return events.flatMap((event) => createDecoder().push(event));
  };

  test.each([
    ['throttlingException', 429, 'ThrottlingException'],
    ['validationException', 400, 'ValidationException'],
    ['internalServerException', 500, 'InternalServerException'],
    ['serviceUnavailableException', 503, 'ServiceUnavailableException'],
    ['modelStreamErrorException', 424, 'ModelStreamErrorException'],
    ['somethingNewException', 502, 'SomethingNewException'],
  ])('%s has the status it would have had as an answer', (name, status, type) => {
    expect(read(name, { message: 'It is so.' })).toEqual([{ type: 'error', failure: { status, type, message: 'It is so.' } }]);
  });

  test('may have the model’s own message alone', () => {
    expect(read('modelStreamErrorException', { originalMessage: 'Out of memory', originalStatusCode: 500 })).toMatchObject([
      { failure: { message: 'Out of memory' } },
    ]);
  });

  test('that no API defines has its message in place of a payload', () => {
    const error = { name: 'InternalFailure', data: 'oops', raw: Buffer.alloc(0), messageType: 'error' as const };
    expect(createDecoder().push(error)).toEqual([{ type: 'error', failure: { status: 502, type: 'InternalFailure', message: 'oops' } }]);
  });
});
