import OpenAI from 'openai';
import type { Completion } from 'openai/resources/completions';
import { expect, test } from 'vitest';
import { answers } from '../../../test/recordings/openai-completions/answers.ts';
import { bytesOf } from '../../../test/recordings/openai-chat/streams.ts';
import { streams } from '../../../test/recordings/openai-completions/streams.ts';
import type { Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { sse } from '../../framing/sse.ts';
import { withoutPlaces } from '../protocol.contract.ts';
import { hasPlace } from '../protocol.ts';
import { openaiCompletions } from './index.ts';

const at = { choice: 0, block: 0 };
const options = { wantsUsage: true, createdAt: 1_700_000_000 };
const decode = (answer: object): Part[] => withoutPlaces(openaiCompletions.decodeAnswer(Buffer.from(JSON.stringify(answer))));
const encode = (parts: readonly Part[]) => JSON.parse(openaiCompletions.encodeAnswer(parts, options)) as Completion;
const start: Part = { type: 'start', id: 'x', model: 'm' };
const finish = (unified: 'stop' | 'refusal' | 'pause'): Part => ({ type: 'finish', choice: 0, reason: { unified, raw: '' } });

test('choices are blocks of text', () => {
  expect(decode(answers.twoChoices)).toEqual([
    { type: 'start', id: 'cmpl-two', model: 'gpt-3.5-turbo-instruct' },
    { type: 'text', ...at, text: 'Heads' },
    { type: 'block-end', ...at },
    { type: 'finish', choice: 0, reason: { unified: 'stop', raw: 'stop' } },
    { type: 'text', choice: 1, block: 1, text: 'Tails' },
    { type: 'block-end', choice: 1, block: 1 },
    { type: 'finish', choice: 1, reason: { unified: 'length', raw: 'length' } },
    { type: 'usage', usage: { ...noUsage, inputTokens: 5, outputTokens: 7 } },
    { type: 'end' },
  ]);
});

test('log probabilities are carried both ways, with where each token begins', () => {
  const parts = decode(answers.logprobs);
  expect(parts).toContainEqual({
    type: 'logprobs',
    ...at,
    tokens: [
      {
        token: 'Hel',
        logprob: -0.25,
        top: [
          { token: 'Hel', logprob: -0.25 },
          { token: 'Hi', logprob: -1.5 },
        ],
      },
      { token: 'lo', logprob: -0.5, top: [{ token: 'lo', logprob: -0.5 }] },
    ],
  });
  expect(encode(parts).choices[0]).toEqual(answers.logprobs.choices[0]);
});

test('an answer of chat becomes text: its refusal too, its reasoning not', () => {
  const parts: Part[] = [start, { type: 'reasoning', ...at, text: 'Hm' }, { type: 'refusal', choice: 0, block: 1, text: 'No.' }, finish('refusal')];
  expect(encode(parts).choices).toEqual([{ text: 'No.', index: 0, logprobs: null, finish_reason: 'stop' }]);
  expect(encode([start, finish('refusal')]).choices[0]?.finish_reason).toBe('content_filter');
  expect(encode([start, finish('pause')]).choices[0]?.finish_reason).toBe('stop');
});

test('an answer without choices is none', () => {
  expect(() => decode({ choices: [] })).toThrow('choices');
  expect(() => decode([])).toThrow('must be an object');
});

const write = (parts: readonly Part[], wantsUsage = true): string => {
  const encoder = openaiCompletions.createEncoder({ ...options, wantsUsage });
  return parts
    .flatMap((part) => encoder.push(part))
    .map((event) => sse.createWriter().write(event).toString())
    .join('');
};
const decodeStream = (bytes: Buffer): Part[] => {
  const decoder = openaiCompletions.createDecoder();
  return withoutPlaces(
    sse
      .createParser()
      .push(bytes)
      .flatMap((event) => decoder.push(event)),
  );
};
const readBySdk = async (text: string): Promise<Completion[]> => {
  const fetch = () => Promise.resolve(new Response(text, { headers: { 'content-type': 'text/event-stream' } }));
  const openai = new OpenAI({ apiKey: 'x', baseURL: 'http://gateway.example', maxRetries: 0, fetch });
  const chunks: Completion[] = [];
  for await (const chunk of await openai.completions.create({ model: 'm', prompt: 'Hi', stream: true })) chunks.push(chunk);
  return chunks;
};

test.each(Object.entries(streams))("OpenAI's client reads the stream %s, decoded and encoded, as it reads the original", async (_, chunks) => {
  const original = await readBySdk(bytesOf(chunks).toString());
  const ours = await readBySdk(write(decodeStream(bytesOf(chunks))));
  const textOf = (read: Completion[], index: number) =>
    read.flatMap(({ choices }) => choices.filter((choice) => choice.index === index).map(({ text }) => text)).join('');
  for (const index of [0, 1]) expect(textOf(ours, index)).toBe(textOf(original, index));
  const tokens = (read: Completion[]) => read.flatMap(({ choices }) => choices.flatMap(({ logprobs }) => logprobs?.text_offset ?? []));
  expect(tokens(ours)).toEqual(tokens(original));
  expect(ours.at(-1)?.usage).toMatchObject(original.at(-1)?.usage ?? {});
});

test('usage comes to those who asked, and [DONE] last', () => {
  const parts = decodeStream(bytesOf(streams.text));
  expect(write(parts)).toMatch(/"choices":\[\],"usage":\{.*\}\}\n\ndata: \[DONE\]\n\n$/);
  expect(write(parts, false)).not.toContain('usage');
});

test('an error ends the stream, which [DONE] does not complete', async () => {
  const failed = write([start, { type: 'error', failure: { status: 503, type: 'overloaded_error', message: 'Busy' } }, { type: 'end' }]);
  expect(failed).not.toContain('[DONE]');
  await expect(readBySdk(failed)).rejects.toMatchObject({ code: 'overloaded_error' });
  expect(decodeStream(Buffer.from(`${failed}data: [DONE]\n\n`)).map(({ type }) => type)).toEqual(['error']);
});

test('text held back goes out in a copy of the last chunk, without its log probabilities', () => {
  const [chunk] = streams.logprobs;
  const event = { name: '', data: JSON.stringify(chunk), raw: Buffer.alloc(0) };
  const texts = openaiCompletions.createDecoder().push(event).filter(hasPlace);
  const [first] = texts;
  if (first === undefined) throw new Error('no text was read');
  expect(JSON.parse(openaiCompletions.heldTextEvent({ event, texts, place: first.place }, 'held').data)).toEqual({
    ...chunk,
    choices: [{ text: 'held', index: 0, logprobs: null, finish_reason: null }],
  });
});
