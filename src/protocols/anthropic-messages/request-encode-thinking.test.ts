import { describe, expect, test } from 'vitest';
import type { ChatRequest, Message, Reasoning, ReasoningContent } from '../../llm/request.ts';
import { assistant, call, calls, encode, result, text, tool, user } from '../../../test/recordings/anthropic-messages/encoding.ts';

const config = (request: Partial<ChatRequest>, model: string) => {
  const { body, fields } = encode(request, model);
  const { thinking, output_config: output, max_tokens } = body;
  return { thinking, output, max_tokens, fields };
};
const enabled = (budget_tokens: number) => ({ type: 'enabled', budget_tokens });
const adaptive = { type: 'adaptive' };

test.each<[string, Reasoning, object]>([
  // Models with a budget.
  ['claude-haiku-4-5', { effort: 'low' }, { thinking: enabled(2048), max_tokens: 6144 }],
  ['claude-haiku-4-5', { budgetTokens: 5000 }, { thinking: enabled(5000), max_tokens: 9096 }],
  ['claude-haiku-4-5', { budgetTokens: 5000, show: false }, { thinking: { ...enabled(5000), display: 'omitted' } }],
  ['claude-haiku-4-5', { show: true }, { thinking: enabled(8192) }],
  ['claude-haiku-4-5', { effort: 'none' }, { thinking: undefined, max_tokens: 4096 }],
  ['claude-haiku-4-5', { budgetTokens: 0 }, { thinking: undefined, max_tokens: 4096 }],
  ['claude-haiku-4-5', { show: false }, { thinking: undefined }],
  ['claude-opus-4-5', { effort: 'max' }, { thinking: enabled(32_000), output: { effort: 'high' }, max_tokens: 36_096 }],
  ['glm-5', { effort: 'low' }, { thinking: enabled(2048) }],
  ['glm-5', { effort: 'none' }, { thinking: { type: 'disabled' } }],
  // Both.
  ['claude-sonnet-4-6', { effort: 'low' }, { thinking: adaptive, output: { effort: 'low' }, max_tokens: 6144 }],
  ['claude-sonnet-4-6', { effort: 'xhigh' }, { thinking: adaptive, output: { effort: 'high' } }],
  ['claude-sonnet-4-6', { budgetTokens: 5000 }, { thinking: enabled(5000) }],
  // Models that decide themselves.
  ['claude-opus-4-7', { effort: 'minimal', show: true }, { thinking: { ...adaptive, display: 'summarized' }, output: { effort: 'low' } }],
  ['claude-opus-4-8', { effort: 'none' }, { thinking: undefined }],
  ['claude-opus-5', { effort: 'none' }, { thinking: { type: 'disabled' }, output: undefined }],
  ['claude-opus-5', { show: false }, { thinking: { ...adaptive, display: 'omitted' }, output: undefined, max_tokens: 4096 }],
  ['claude-opus-5', { show: true }, { thinking: { ...adaptive, display: 'summarized' }, output: undefined }],
  ['claude-sonnet-5-5', { effort: 'none' }, { thinking: { type: 'between_tools' } }],
  ['claude-haiku-5-5', { effort: 'none' }, { thinking: { type: 'disabled' } }],
  ['claude-fable-5', { effort: 'max' }, { thinking: adaptive, output: { effort: 'max' } }],
])('%s is asked for %j as %j', (model, reasoning, expected) => {
  const written = config({ reasoning }, model);
  expect(written).toMatchObject({ ...expected, fields: [] });
  if ('thinking' in expected) expect(written.thinking).toEqual(expected.thinking);
});

test.each<[string, Reasoning, object]>([
  ['claude-3-5-haiku@20241022', { effort: 'low' }, { thinking: undefined }],
  ['claude-opus-5-5', { effort: 'none' }, { thinking: undefined, output: { effort: 'low' } }],
  ['claude-opus-4-7', { budgetTokens: 2000 }, { thinking: adaptive, output: { effort: 'low' } }],
  ['claude-haiku-4-5', { budgetTokens: 100 }, { thinking: enabled(1024) }],
  ['glm-5', { effort: 'low', show: false }, { thinking: enabled(2048) }],
])('%s is asked for %j as %j, with a warning', (model, reasoning, expected) => {
  const written = config({ reasoning }, model);
  expect(written).toMatchObject({ ...expected, fields: ['reasoning'] });
});

test.each<[Reasoning, number, object]>([
  [{ effort: 'high' }, 20_000, { thinking: enabled(10_000), fields: [] }],
  [{ effort: 'high' }, 1500, { thinking: enabled(1024), fields: [] }],
  [{ budgetTokens: 5000 }, 5001, { thinking: enabled(5000), fields: [] }],
  [{ budgetTokens: 5000 }, 5000, { thinking: enabled(2500), fields: ['reasoning'] }],
  [{ effort: 'low' }, 1024, { thinking: undefined, fields: ['reasoning'] }],
])('%j fits into a maximum of %i, which stays', (reasoning, maxTokens, expected) => {
  expect(config({ reasoning, maxTokens }, 'claude-haiku-4-5')).toMatchObject({ ...expected, max_tokens: maxTokens });
});

test('what nobody said is not sent', () => {
  for (const model of ['claude-haiku-4-5', 'claude-opus-4-6', 'claude-opus-5-5', 'glm-5']) {
    expect(config({}, model)).toEqual({ thinking: undefined, output: undefined, max_tokens: 4096, fields: [] });
  }
});

const forced: Partial<ChatRequest> = { tools: [tool], toolChoice: { type: 'required' } };

test.each<[string, Partial<ChatRequest>, boolean]>([
  ['claude-haiku-4-5', { reasoning: { effort: 'low' } }, false],
  ['claude-haiku-4-5', {}, true],
  ['claude-sonnet-4-6', { reasoning: { effort: 'low' } }, true],
  ['claude-sonnet-4-6', { reasoning: { budgetTokens: 2000 } }, false],
  ['claude-opus-5', {}, true],
  ['claude-opus-5-5', {}, false],
])('%s may be forced to call a tool with %j: %s', (model, request, mayForce) => {
  const { body, fields } = encode({ ...forced, ...request }, model);
  expect(body['tool_choice']).toEqual(mayForce ? { type: 'any' } : undefined);
  expect(fields).toEqual(mayForce ? [] : ['tool_choice']);
});

const thought = (value: string): ReasoningContent => ({ type: 'reasoning', text: 'Hm.', state: { origin: 'anthropic', kind: 'signature', value } });
const written = (signature: string) => ({ type: 'thinking', thinking: 'Hm.', signature });
const use = (id: string) => ({ type: 'tool_use', id, name: 'f', input: {} });
const loop = (...content: (Message & { role: 'assistant' })['content']): Message[] => [user('a'), { role: 'assistant', content }, result('x', 'r')];

describe('the thinking of earlier turns', () => {
  const turnOf = (messages: Message[], reasoning: Reasoning = { effort: 'low' }, model = 'claude-haiku-4-5') => {
    const { body, warnings } = encode({ messages, tools: [tool], reasoning }, model);
    return { content: (body['messages'] as { content: unknown }[])[1]?.content, thinking: body['thinking'], warnings };
  };

  test('goes back as it came, redacted thinking too', () => {
    const redacted: ReasoningContent = { type: 'reasoning', text: '', state: { origin: 'anthropic', kind: 'encrypted', value: 'opaque' } };
    expect(turnOf(loop(thought('s'), redacted, text('b'), call('x')))).toEqual({
      content: [written('s'), { type: 'redacted_thinking', data: 'opaque' }, text('b'), use('x')],
      thinking: enabled(2048),
      warnings: [],
    });
  });

  test('goes in front where it came back with the first call, and stays where it stands between calls', () => {
    expect(turnOf(loop(text('b'), thought('s'), call('x'), thought('t'), call('y'))).content).toEqual([
      written('s'),
      text('b'),
      use('x'),
      written('t'),
      use('y'),
    ]);
    expect(turnOf(loop(thought('s'), text('b'), thought('t'), call('x'))).content).toEqual([written('s'), text('b'), written('t'), use('x')]);
  });

  test.each<[string, ReasoningContent]>([
    ['of another maker', { type: 'reasoning', text: 'Hm.', state: { origin: 'openai', kind: 'encrypted', value: 'theirs' } }],
    ['without a signature', { type: 'reasoning', text: 'Hm.' }],
  ])('%s stays away, and thinking with a budget is switched off for the loop that it belongs to', (_what, reasoning) => {
    const { content, thinking, warnings } = turnOf(loop(reasoning, reasoning, call('x')));
    expect(content).toEqual([use('x')]);
    expect(thinking).toBeUndefined();
    expect(warnings.map(({ field }) => field)).toEqual(['messages[1]', 'reasoning']);
  });

  test('is not needed where the model decides itself, which a model with both then does', () => {
    expect(turnOf(loop(call('x')), { effort: 'low' }, 'claude-opus-5')).toMatchObject({ thinking: adaptive, warnings: [] });
    expect(turnOf(loop(call('x')), { effort: 'low' }, 'claude-opus-4-6')).toMatchObject({ thinking: adaptive, warnings: [] });
    expect(turnOf(loop(call('x')), { budgetTokens: 2000 }, 'claude-opus-4-6')).toMatchObject({
      thinking: adaptive,
      warnings: [{ field: 'reasoning' }],
    });
  });

  test('is not needed once the loop is over, but before a turn that shall be continued', () => {
    const over = [...loop(call('x')), assistant('Done.'), user('b')];
    expect(turnOf(over)).toMatchObject({ thinking: enabled(2048), warnings: [] });
    expect(turnOf([user('a'), assistant('It is ')])).toMatchObject({ thinking: undefined });
  });

  test('is left out where thinking is off and the model would refuse it', () => {
    expect(turnOf(loop(thought('s'), call('x')), { effort: 'none' })).toMatchObject({ content: [use('x')], warnings: [{ field: 'messages' }] });
    expect(turnOf(loop(thought('s'), call('x')), { effort: 'none' }, 'claude-opus-5')).toMatchObject({
      content: [written('s'), use('x')],
      warnings: [],
    });
  });

  test('of a turn with nothing else leaves no empty turn behind', () => {
    const messages: Message[] = [user('a'), { role: 'assistant', content: [thought('s')] }, user('b')];
    const { body } = encode({ messages, reasoning: { effort: 'none' } });
    expect(body['messages']).toEqual([
      { role: 'user', content: 'a' },
      { role: 'user', content: 'b' },
    ]);
  });
});

test('calls of parallel tools need thinking before the first alone', () => {
  expect(encode({ messages: [user('a'), calls('x', 'y'), result('x'), result('y')], tools: [tool], reasoning: { effort: 'low' } }).fields).toEqual([
    'reasoning',
  ]);
});

test('the signature that another maker gave a call is named', () => {
  const signed = { ...call('x'), state: { origin: 'google', kind: 'signature', value: 's' } } as const;
  const { body, fields } = encode({
    messages: [user('a'), { role: 'assistant', content: [signed, { ...signed, id: 'y' }] }, result('x'), result('y')],
    tools: [tool],
  });
  expect(body['messages']).toMatchObject([{}, { content: [use('x'), use('y')] }, {}]);
  expect(fields).toEqual(['messages[1]']);
});
