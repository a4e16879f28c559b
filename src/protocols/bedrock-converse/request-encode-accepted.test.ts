import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as anthropic from '../../../test/recordings/anthropic-messages/requests.ts';
import * as bedrock from '../../../test/recordings/bedrock-converse/requests.ts';
import * as gemini from '../../../test/recordings/gemini-generate/requests.ts';
import * as chat from '../../../test/recordings/openai-chat/requests.ts';
import * as responses from '../../../test/recordings/openai-responses/requests.ts';
import { signatureOf } from '../../demo/anthropic/signature.ts';
import { startFakeBedrock, type FakeBedrock } from '../../demo/bedrock.ts';
import { redactedOf } from '../../demo/bedrock/redacted.ts';
import { parseJson } from '../../framing/json.ts';
import { anthropicMessages } from '../anthropic-messages/index.ts';
import { geminiGenerate } from '../gemini-generate/index.ts';
import { openaiChat } from '../openai-chat/index.ts';
import { openaiResponses } from '../openai-responses/index.ts';
import type { ChatProtocol } from '../protocol.ts';
import { bedrockConverse } from './index.ts';

/** A model of each family. */
const models = [
  'eu.anthropic.claude-haiku-4-5-20251001-v1:0',
  'us.anthropic.claude-sonnet-4-6',
  'us.anthropic.claude-opus-4-7',
  'us.anthropic.claude-sonnet-5',
  'amazon.nova-lite-v1:0',
  'us.meta.llama3-3-70b-instruct-v1:0',
  'mistral.mistral-large-2407-v1:0',
  'openai.gpt-oss-120b-1:0',
];

/** The request with a result that it lacks. */
const answered = (request: { messages: readonly object[] }, result: object): object => ({ ...request, messages: [...request.messages, result] });

const sources: readonly { from: ChatProtocol; name: string; request: object }[] = [
  { from: openaiChat, name: 'every field', request: answered(chat.everyField, { role: 'tool', tool_call_id: 'call_2', content: 'no rows' }) },
  { from: openaiResponses, name: 'every field', request: responses.everyTranslatableField },
  { from: anthropicMessages, name: 'every field', request: anthropic.everyField },
  { from: bedrockConverse, name: 'every field', request: bedrock.everyField },
  ...Object.entries(gemini.requests).map(([name, request]) => ({ from: geminiGenerate, name, request })),
];

let fake: FakeBedrock;
beforeAll(async () => {
  fake = await startFakeBedrock();
});
afterAll(() => fake.stop());

interface Written {
  messages: { content: { reasoningContent?: { reasoningText?: { text: string; signature: string }; redactedContent?: string } }[] }[];
}

/** Reasoning as the fake would have given it: what it never signed is refused, as by the real API. */
function withFakeSignatures(json: string): string {
  const body = JSON.parse(json) as Written;
  for (const { reasoningContent } of body.messages.flatMap(({ content }) => content)) {
    if (reasoningContent?.reasoningText !== undefined) reasoningContent.reasoningText.signature = signatureOf(reasoningContent.reasoningText.text);
    if (reasoningContent?.redactedContent !== undefined) reasoningContent.redactedContent = redactedOf('a secret');
  }
  return JSON.stringify(body);
}

describe.each(sources)('the $from.name request "$name"', ({ from, request }) => {
  test.each(models)('is taken for %s', async (model) => {
    const body = parseJson(Buffer.from(JSON.stringify(request)));
    const canonical = from.decodeRequest(body, from.facts(body, { model: 'fast', stream: true }));
    const { value } = bedrockConverse.encodeRequest(canonical.value, { model, quirks: {} });
    const response = await fetch(`${fake.url}/model/${encodeURIComponent(model)}/converse-stream`, {
      method: 'POST',
      headers: { authorization: `Bearer ${fake.apiKey}`, 'content-type': 'application/json' },
      body: withFakeSignatures(value),
    });
    expect([response.status, response.status === 200 ? '' : await response.text()]).toEqual([200, '']);
    const parser = bedrockConverse.framing.createParser();
    const decoder = bedrockConverse.createDecoder();
    const parts = parser.push(Buffer.from(await response.arrayBuffer())).flatMap((event) => decoder.push(event));
    expect(parts.at(-1)).toEqual({ type: 'end' });
  });
});
