import { expect, test } from 'vitest';
import { GatewayError } from '../errors.ts';
import { AnswerFailure } from '../protocols/failure.ts';
import { logError } from './log-error.ts';

const logged = (error: GatewayError): string => {
  const lines: unknown[] = [];
  const keep = (...line: unknown[]): void => void lines.push(line);
  logError({ error: keep, warn: keep }, error);
  return JSON.stringify(lines);
};

test('keeps what a provider said in its answer out of the log: it may quote the prompt', () => {
  const cause = new AnswerFailure({ status: 500, type: 'server_error', message: 'cannot answer "my secret plan"' });
  const text = logged(new GatewayError('provider-error', `openai answered with an error: ${cause.message}`, { cause }));
  expect(text).toContain('provider-error');
  expect(text).not.toContain('secret plan');
});

test('says what operators can mend, and nothing of what is the client’s own fault', () => {
  expect(logged(new GatewayError('provider-credential', "openai refused the gateway's credential (401)."))).toContain('openai refused');
  expect(logged(new GatewayError('invalid-request', 'messages is required.'))).toBe('[]');
});
