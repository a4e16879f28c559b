import type { ChatRequest, Message, ObjectText } from '../../../src/llm/request.ts';
import { encodeRequest } from '../../../src/protocols/bedrock-converse/request-encode.ts';
import type { Quirks } from '../../../src/protocols/protocol.ts';

/** A model of each family that differs. */
export const haiku = 'eu.anthropic.claude-haiku-4-5-20251001-v1:0';
export const nova = 'amazon.nova-lite-v1:0';
export const llama = 'us.meta.llama3-3-70b-instruct-v1:0';

export const json = (text: string) => text as ObjectText;
export const text = (value: string) => ({ type: 'text', text: value }) as const;
export const user = (...texts: string[]): Message => ({ role: 'user', content: texts.map(text) });
export const assistant = (...texts: string[]): Message => ({ role: 'assistant', content: texts.map(text) });
export const calls = (...ids: string[]): Message => ({
  role: 'assistant',
  content: ids.map((id) => ({ type: 'tool-call', id, name: 'f', arguments: json('{}') })),
});
export const result = (toolCallId: string, ...texts: string[]): Message => ({ role: 'tool', toolCallId, content: texts.map(text), isError: false });
export const tool = { name: 'f', parameters: json('{"type":"object"}') };

/** What is sent for a request, and the fields that it warns of. */
export function encode(request: Partial<ChatRequest>, model = haiku, quirks: Quirks = {}) {
  const { value, warnings } = encodeRequest({ stream: false, messages: [user('Hi')], tools: [], stop: [], ...request }, { model, quirks });
  return { text: value, body: JSON.parse(value) as Record<string, unknown>, fields: warnings.map(({ field }) => field), warnings };
}
