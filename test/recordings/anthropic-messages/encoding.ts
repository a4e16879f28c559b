import type { ChatRequest, Message, ObjectText } from '../../../src/llm/request.ts';
import type { Quirks } from '../../../src/protocols/protocol.ts';
import { encodeRequest } from '../../../src/protocols/anthropic-messages/request-encode.ts';

export const json = (text: string) => text as ObjectText;
export const text = (value: string) => ({ type: 'text', text: value }) as const;
export const user = (...texts: string[]): Message => ({ role: 'user', content: texts.map(text) });
export const assistant = (...texts: string[]): Message => ({ role: 'assistant', content: texts.map(text) });
export const system = (...texts: string[]): Message => ({ role: 'system', content: texts.map(text) });
export const result = (toolCallId: string, ...texts: string[]): Message => ({ role: 'tool', toolCallId, content: texts.map(text), isError: false });
export const call = (id: string) => ({ type: 'tool-call', id, name: 'f', arguments: json('{}') }) as const;
export const calls = (...ids: string[]): Message => ({ role: 'assistant', content: ids.map(call) });
export const tool = { name: 'f', parameters: json('{"type":"object"}') };

/** What is sent for a request, and the fields that it warns of. */
export function encode(request: Partial<ChatRequest>, model = 'claude-haiku-4-5', quirks: Quirks = {}) {
  const { value, warnings } = encodeRequest({ stream: false, messages: [user('Hi')], tools: [], stop: [], ...request }, { model, quirks });
  return { text: value, body: JSON.parse(value) as Record<string, unknown>, warnings, fields: warnings.map(({ field }) => field) };
}
