import { randomBytes } from 'node:crypto';
import { FunctionCallingConfigMode, GoogleGenAI, Type, type GenerateContentConfig } from '@google/genai';
import { expect, test } from 'vitest';
import { sse } from '../../framing/sse.ts';
import type { ChatRequest } from '../../llm/request.ts';
import type { Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { ClientRequest } from '../client-request.ts';
import { createSeals, type Seal } from '../seal.ts';
import { createStateSealer } from '../sealed-answer.ts';
import { withSealedState } from '../sealed-request.ts';
import { geminiGenerate } from './index.ts';

/** What Google's SDK sends, as our protocol reads it, and answers to give it. */
function gateway(answers: Part[][]) {
  const requests: ClientRequest[] = [];
  const tenantSeal: Seal = createSeals(['a secret of more than thirty-two characters'], randomBytes)('acme');
  const respond = async (url: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> => {
    const { pathname, searchParams } = new URL(url instanceof Request ? url.url : url);
    const path = geminiGenerate.matchPath(pathname, searchParams);
    if (path === undefined) return new Response('no such path', { status: 404 });
    const body = await new Response(init?.body).text();
    requests.push(new ClientRequest(geminiGenerate, Buffer.from(body), path));
    const ready = (answers.shift() ?? []).flatMap(createStateSealer(geminiGenerate, tenantSeal));
    const options = { wantsUsage: true, createdAt: 0, model: path.model ?? '' };
    if (path.stream !== true) return new Response(geminiGenerate.encodeAnswer(ready, options), { headers: { 'content-type': 'application/json' } });
    const encoder = geminiGenerate.createEncoder(options);
    const writer = sse.createWriter();
    return new Response(ready.flatMap((part) => encoder.push(part).map((event) => writer.write(event))).join(''));
  };
  const client = new GoogleGenAI({ apiKey: 'x', httpOptions: { baseUrl: 'http://gateway.example', fetch: respond } });
  const opened = (at: number): ChatRequest => withSealedState(requests[at] as ClientRequest, tenantSeal).value as ChatRequest;
  return { client, requests, opened };
}

const thinking = { origin: 'anthropic', kind: 'signature', value: 'sig/1' } as const;
const place = (block: number) => ({ choice: 0, block });
const callAnswer: Part[] = [
  { type: 'start', id: 'msg_1', model: 'claude' },
  { type: 'reasoning', ...place(0), text: 'Which ' },
  { type: 'reasoning', ...place(0), text: 'city?' },
  { type: 'reasoning-state', ...place(0), state: thinking },
  { type: 'block-end', ...place(0) },
  { type: 'text', ...place(1), text: 'Let me ' },
  { type: 'text', ...place(1), text: 'look.' },
  { type: 'block-end', ...place(1) },
  { type: 'tool-call', ...place(2), id: 'toolu_1', name: 'weather', state: { origin: 'openai', kind: 'encrypted', value: 'call-state' } },
  { type: 'tool-arguments', ...place(2), text: '{"city":"Oslo"}' },
  { type: 'block-end', ...place(2) },
  { type: 'finish', choice: 0, reason: { unified: 'tool-calls', raw: 'tool_use' } },
  { type: 'usage', usage: { ...noUsage, inputTokens: 20, outputTokens: 9 } },
  { type: 'end' },
];
const textAnswer: Part[] = [
  { type: 'start', id: 'msg_2', model: 'claude' },
  { type: 'text', ...place(0), text: '4 °C' },
  { type: 'block-end', ...place(0) },
  { type: 'finish', choice: 0, reason: { unified: 'stop', raw: 'end_turn' } },
  { type: 'end' },
];

const config: GenerateContentConfig = {
  systemInstruction: 'Be brief.',
  temperature: 0.5,
  tools: [{ functionDeclarations: [{ name: 'weather', parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING } } } }] }],
  toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.AUTO } },
  thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 },
};

const secondTurn = [
  { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
  { role: 'user', content: [{ type: 'text', text: 'Weather in Oslo?' }] },
  {
    role: 'assistant',
    content: [
      { type: 'reasoning', text: 'Which city?', state: { origin: 'anthropic', kind: 'signature', value: 'sig/1' } },
      { type: 'text', text: 'Let me look.' },
      {
        type: 'tool-call',
        id: 'toolu_1',
        name: 'weather',
        arguments: '{"city":"Oslo"}',
        state: { origin: 'openai', kind: 'encrypted', value: 'call-state' },
      },
    ],
  },
  { role: 'tool', toolCallId: 'toolu_1', content: [{ type: 'text', text: '4' }], isError: false },
];

test('a chat of Google’s SDK runs a tool and brings back another maker’s state, in JSON', async () => {
  const { client, requests, opened } = gateway([callAnswer, textAnswer]);
  const chat = client.chats.create({ model: 'fast', config });
  const first = await chat.sendMessage({ message: 'Weather in Oslo?' });
  expect(first.candidates?.[0]?.content?.parts).toContainEqual({ text: 'Let me look.' });
  expect(first.functionCalls).toEqual([{ id: 'toolu_1', name: 'weather', args: { city: 'Oslo' } }]);
  expect(first.usageMetadata).toMatchObject({ promptTokenCount: 20, candidatesTokenCount: 9, totalTokenCount: 29 });
  const second = await chat.sendMessage({ message: [{ functionResponse: { id: 'toolu_1', name: 'weather', response: { output: '4' } } }] });
  expect(second.text).toBe('4 °C');
  expect(requests[0]?.facts).toMatchObject({ model: 'fast', stream: false });
  expect(opened(0)).toMatchObject({ temperature: 0.5, toolChoice: { type: 'auto' }, reasoning: { show: true, budgetTokens: 1024 } });
  expect(opened(1).messages).toEqual(secondTurn);
});

test('a chat of Google’s SDK does so streamed, though it forgets the id of the call', async () => {
  const { client, requests, opened } = gateway([callAnswer, textAnswer]);
  const chat = client.chats.create({ model: 'fast', config });
  const texts: string[] = [];
  for await (const { candidates } of await chat.sendMessageStream({ message: 'Weather in Oslo?' })) {
    for (const { text, thought } of candidates?.[0]?.content?.parts ?? []) if (text !== undefined && thought !== true) texts.push(text);
  }
  expect(texts).toEqual(['Let me ', 'look.', '']);
  for await (const _ of await chat.sendMessageStream({ message: [{ functionResponse: { name: 'weather', response: { output: '4' } } }] }));
  expect(requests[0]?.facts).toMatchObject({ model: 'fast', stream: true, framing: sse });
  expect(opened(1).messages).toEqual(secondTurn);
  expect(chat.getHistory(true).at(-1)).toEqual({ role: 'model', parts: [{ text: '' }] });
});
