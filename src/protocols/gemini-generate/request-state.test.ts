import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import { ClientRequest } from '../client-request.ts';
import { createSeals } from '../seal.ts';
import { withOwnState, withSealedState } from '../sealed-request.ts';
import { geminiGenerate } from './index.ts';
import { stateSpots } from './request-state.ts';
import { readSignature, writeSignature } from './wire-signature.ts';

const seal = createSeals(['a secret of more than thirty-two characters'], randomBytes)('acme');
const sealed = (origin: 'anthropic' | 'google', value: string): string =>
  writeSignature(seal.seal({ type: 'state', state: { origin, kind: 'signature', value } }) ?? '');

const user = (...parts: object[]) => ({ role: 'user', parts });
const model = (...parts: object[]) => ({ role: 'model', parts });
const requestOf = (contents: object[]): ClientRequest =>
  new ClientRequest(geminiGenerate, Buffer.from(JSON.stringify({ contents })), { model: 'fast' });

test('ids of calls and responses, and signatures, are places of state', () => {
  const body = parseJson(
    Buffer.from(
      JSON.stringify({
        contents: [
          model({ functionCall: { id: 'a', name: 'f' }, thoughtSignature: 's1' }, { text: '', thought: true, thought_signature: 's2' }),
          user({ function_response: { id: 'a', name: 'f' } }, { functionResponse: { name: 'f' } }),
        ],
      }),
    ),
  );
  expect(stateSpots(body).map(({ kind, node }) => `${kind} ${node.path}`)).toEqual([
    'call-id contents[0].parts[0].functionCall.id',
    'state contents[0].parts[0].thoughtSignature',
    'state contents[0].parts[1].thought_signature',
    'call-id contents[1].parts[0].function_response.id',
  ]);
});

test('sealed state travels as base64 that SDKs may decode and encode anew', () => {
  const signature = sealed('anthropic', 'sig');
  const bytes = Buffer.from(signature, 'base64');
  expect(bytes.toString('base64')).toBe(signature);
  expect(readSignature(bytes.toString('base64url'))).toBe(readSignature(signature));
  expect(readSignature('EqQBCqEBAb4+9vs=')).toBe('EqQBCqEBAb4+9vs=');
  expect(writeSignature('EqQBCqEBAb4+9vs=')).toBe('EqQBCqEBAb4+9vs=');
});

test('another maker’s state is opened for its maker', () => {
  const contents = [
    user({ text: 'Hi' }),
    model({ text: 'Hm', thought: true }, { text: '', thought: true, thoughtSignature: sealed('anthropic', 'sig') }, { text: 'Yes' }),
    user({ text: 'Go' }),
  ];
  expect(withSealedState(requestOf(contents), seal)).toMatchObject({
    value: {
      messages: [
        {},
        { content: [{ type: 'reasoning', text: 'Hm', state: { origin: 'anthropic', kind: 'signature', value: 'sig' } }, { type: 'text' }] },
        {},
      ],
    },
    warnings: [],
  });
});

test('Google gets its own state as it was, a placeholder for another maker’s on a call, and nothing else of another maker', () => {
  const contents = [
    user({ text: 'Hi' }),
    model({ text: 'Hm', thought: true, thoughtSignature: sealed('anthropic', 'sig') }),
    model({ functionCall: { name: 'f' }, thoughtSignature: sealed('anthropic', 'sig') }),
    user({ functionResponse: { name: 'f', response: {} } }),
    model({ functionCall: { name: 'g' }, thoughtSignature: sealed('google', 'Z29vZ2xl') }),
    user({ functionResponse: { name: 'g', response: {} } }),
  ];
  const own = withOwnState(requestOf(contents), seal);
  expect(own.warnings).toMatchObject([{ field: 'contents[1].parts[0]' }]);
  const sentTo = (name: string): unknown => JSON.parse(own.value.retargeted({ model: name, quirks: {} }).value.toString());
  const call = model({ functionCall: { name: 'f' }, thoughtSignature: 'skip_thought_signature_validator' });
  const rest = [contents[3], model({ functionCall: { name: 'g' }, thoughtSignature: 'Z29vZ2xl' }), contents[5]];
  expect(sentTo('gemini-3-pro-preview')).toEqual({ contents: [contents[0], call, ...rest] });
  expect(sentTo('gemini-2.5-pro')).toEqual({ contents: [contents[0], model({ functionCall: { name: 'f' } }), ...rest] });
});
