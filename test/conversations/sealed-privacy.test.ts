import { expect, test } from 'vitest';
import { passed, playExchange, requestBody, requestHeaders, responseBody, responseHeaders, setStage, type Stage } from './play.ts';

const email = 'ada@example.com';
const asked = { role: 'user', content: `Write to ${email}.` };
const tools = [{ type: 'function', function: { name: 'mail', parameters: { type: 'object', properties: {} } } }];
const say = (stage: Stage, messages: object[], ...rest: Parameters<typeof responseBody>[0][]) =>
  playExchange(
    stage,
    requestHeaders('private'),
    requestBody({ model: 'smart', messages, tools, reasoning_effort: 'high' }),
    ...rest.flatMap((body) => [responseHeaders(200), responseBody(body)]),
  );

/** Claude thinks about what it was given, which is a placeholder, and calls a tool. */
const answer = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5',
  content: [
    { type: 'thinking', thinking: 'I mail [EMAIL_1].', signature: 'EqQB' },
    { type: 'tool_use', id: 'toolu_1', name: 'mail', input: { to: '[EMAIL_1]' } },
  ],
  stop_reason: 'tool_use',
  usage: { input_tokens: 1, output_tokens: 1 },
});

test('reasoning that travels sealed in the id of a tool call goes back as its maker wrote it, with no personal data restored in it', async () => {
  const stage = setStage();
  const first = await say(stage, [asked], answer);
  const { choices } = JSON.parse(passed(first.at(-1)).text ?? '') as {
    choices: { message: { reasoning_content?: string; tool_calls: { id: string; function: { arguments: string } }[] } }[];
  };
  const message = choices[0]?.message;
  const [call] = message?.tool_calls ?? [];
  expect(call?.function.arguments).toContain(email);
  const second = await say(stage, [
    asked,
    { role: 'assistant', content: null, tool_calls: message?.tool_calls },
    { role: 'tool', tool_call_id: call?.id, content: 'ok' },
  ]);
  const sent = passed(second[1]).text ?? '';
  expect(sent).toContain('{"type":"thinking","thinking":"I mail [EMAIL_1].","signature":"EqQB"}');
  expect(sent).not.toContain(email);
});
