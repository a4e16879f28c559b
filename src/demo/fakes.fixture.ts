import { startFakeAnthropic } from './anthropic.ts';
import { startFakeOpenAI } from './openai.ts';
import type { FakeOptions, FakeProvider } from './server.ts';

/** One fake provider and a request that it answers: what tests of both providers are run with. */
export interface Fixture {
  name: string;
  start(options?: FakeOptions): Promise<FakeProvider>;
  path: string;
  headers(apiKey: string): Record<string, string>;
  body: Record<string, unknown>;
}

export const openAIFixture: Fixture = {
  name: 'OpenAI',
  start: startFakeOpenAI,
  path: '/chat/completions',
  headers: (apiKey) => ({ 'content-type': 'application/json', authorization: `Bearer ${apiKey}` }),
  body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Grüße an Zoë 🎈' }] },
};

export const anthropicFixture: Fixture = {
  name: 'Anthropic',
  start: startFakeAnthropic,
  path: '/v1/messages',
  headers: (apiKey) => ({ 'content-type': 'application/json', 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' }),
  body: { model: 'claude-haiku-4-5', max_tokens: 1000, messages: [{ role: 'user', content: 'Grüße an Zoë 🎈' }] },
};

export const fixtures = [openAIFixture, anthropicFixture];

/** Sends the fixture's request with some fields changed. */
export function ask(fixture: Fixture, fake: FakeProvider, fields: Record<string, unknown> = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(fake.url + fixture.path, {
    method: 'POST',
    headers: fixture.headers(fake.apiKey),
    body: JSON.stringify({ ...fixture.body, ...fields }),
    ...init,
  });
}

/** The error in an answer, whichever vendor's. */
export async function errorOf(response: Response): Promise<{ status: number; type?: unknown; message?: unknown; param?: unknown; code?: unknown }> {
  const body: unknown = await response.json();
  const error = typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'object' ? body.error : {};
  return { status: response.status, ...error };
}

/** All of a stream. */
export async function collect<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
