import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cohereClient, lastSent, post, startSurroundings, type Surroundings } from './beyond-chat.ts';
import { eventually, hashOf, keys } from './gateway.ts';

const price = { input: 1000, output: 1_000_000 };
const models = {
  cohere: { targets: [{ provider: 'cohere', model: 'rerank-v3.5', price }] },
  jina: { targets: [{ provider: 'jina', model: 'jina-reranker-v3', price }] },
  bedrock: { targets: [{ provider: 'bedrock', model: 'cohere.rerank-v3-5:0', price }] },
  'jina-then-cohere': { targets: [{ provider: 'jina', model: 'jina-reranker-v3', price }], fallback: ['cohere'] },
};
const names = ['cohere', 'jina', 'bedrock'] as const;

let around: Surroundings;
beforeAll(async () => {
  const tenant = (key: string, amount: number) => ({ keys: [{ name: 'test', hash: hashOf(key) }], budget: { amount, per: 'month' } });
  around = await startSurroundings({ models, tenants: { paying: tenant('rk-paying', 5), broke: tenant('rk-broke', 0.001) } });
});
afterAll(() => around.stop());
beforeEach(() => {
  for (const fake of Object.values(around.fakes)) fake.clear();
});

const query = 'Which fish clings to a shark?';
const documents = ['A whale sings.', 'The remora is a fish that clings to a shark.', 'Which way is north?'];

interface Ranking {
  results: { index: number; relevance_score: number; document?: { text: string } }[];
  usage?: object;
  model?: string;
}

const rerank = async (model: string, more: object = {}, key: string = keys.open): Promise<Ranking & { status: number; warnings: string | null }> => {
  const response = await post(around.gateway, '/v1/rerank', { model, query, documents, ...more }, key);
  return { ...((await response.json()) as Ranking), status: response.status, warnings: response.headers.get('x-remora-warnings') };
};

describe.each(names)('documents ranked by %s', (model) => {
  test('come back to Cohere’s SDK, the best first', async () => {
    const { results } = await cohereClient(around.gateway).rerank({ model, query, documents });
    expect(results[0]?.index).toBe(1);
    expect(new Set(results.map(({ index }) => index))).toEqual(new Set([0, 1, 2]));
    const scores = results.map(({ relevanceScore }) => relevanceScore);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  });

  test('are as many as are wanted', async () => {
    const { results } = await cohereClient(around.gateway).rerank({ model, query, documents, topN: 1 });
    expect(results.map(({ index }) => index)).toEqual([1]);
    expect((await rerank(model, { top_n: 2 })).results).toHaveLength(2);
  });

  test('come back to a client of /v1/rerank, repeated only where the provider repeats', async () => {
    const { results, warnings, status } = await rerank(model);
    expect(status).toBe(200);
    expect(results[0]).toMatchObject({ index: 1, ...(model === 'jina' && { document: { text: documents[1] } }) });
    if (model === 'jina') expect(warnings).toBeNull();
    else expect(warnings).toMatch(/^return_documents /);
    const bare = await rerank(model, { return_documents: false });
    expect(bare.warnings).toBeNull();
    expect(bare.results.some((result) => 'document' in result)).toBe(false);
  });

  test('have the same scores whatever the client speaks', async () => {
    const { results } = await cohereClient(around.gateway).rerank({ model, query, documents });
    const other = await rerank(model, { return_documents: false });
    expect(other.results.map((each) => each.relevance_score)).toEqual(results.map((each) => each.relevanceScore));
  });

  test('reach it without personal data, and without the data’s owner noticing', async () => {
    const people = ['Ask ada@example.com about whales.', 'Ask bob@example.com about the remora and the shark.'];
    const { results } = await rerank(model, { documents: people, query: 'Does bob@example.com know a shark?' }, keys.private);
    const sent = lastSent(around.fakes[model]);
    expect(sent).toMatchObject({ documents: [expect.stringMatching(/^Ask \[EMAIL_\d\] about/), expect.any(String)] });
    expect(JSON.stringify(sent)).not.toContain('@example.com');
    expect(results[0]?.index).toBe(1);
    if (model === 'jina') expect(results.map(({ document }) => document?.text)).toEqual([people[1], people[0]]);
  });

  test('are paid as input', async () => {
    await cohereClient(around.gateway, 'rk-paying').rerank({ model, query, documents });
    const entry = await eventually(
      async () => (await around.gateway.entries()).at(-1),
      (last) => last?.['tenant'] === 'paying' && last['model'] === model,
    );
    const isCounted = model === 'jina'; // the others bill searches
    expect(entry).toMatchObject({ protocol: 'cohere-rerank', output_tokens: 0, estimated: isCounted ? 0 : 1, unpriced: 0 });
    expect(entry?.['cost_nanos']).toBe(Number(entry?.['input_tokens']) * 1_000_000);
  });
});

test('usage is told where the provider counts tokens', async () => {
  expect(await rerank('jina')).toMatchObject({ usage: { prompt_tokens: expect.any(Number), total_tokens: expect.any(Number) } });
});

test('documents may be objects with a text, whoever ranks them', async () => {
  for (const model of names) {
    const { results } = await rerank(model, { documents: documents.map((text) => ({ text })) });
    expect(results[0]?.index).toBe(1);
    const sent = lastSent(around.fakes[model])['documents'];
    expect(sent).toEqual(model === 'jina' ? documents.map((text) => ({ text })) : documents);
  }
});

test('another provider ranks them where the first is overloaded', async () => {
  around.fakes.jina.behave({ refuse: { status: 503 } });
  const { data, rawResponse } = await cohereClient(around.gateway).rerank({ model: 'jina-then-cohere', query, documents }).withRawResponse();
  expect(data.results[0]?.index).toBe(1);
  expect(rawResponse.headers.get('x-remora-deployment')).toBe('cohere/rerank-v3.5');
});

describe('is refused', () => {
  test.each([
    ['a model that ranks nothing', { model: 'gpt' }, { status: 400, error: { code: 'not-carried', param: 'model' } }, keys.open],
    ['no documents', { documents: [] }, { status: 400, error: { code: 'invalid-request', param: 'documents' } }, keys.open],
    ['an image', { model: 'cohere', documents: [{ image: 'data:' }] }, { status: 400, error: { param: 'documents[0]' } }, keys.open],
    ['a search beyond the budget', {}, { status: 429, error: { code: 'budget-exceeded' } }, 'rk-broke'],
    ['a key that is not known', {}, { status: 401, error: { code: 'invalid-key' } }, 'rk-wrong'],
  ])('%s', async (_, body, answer, key) => {
    expect(await rerank('jina', body, key)).toMatchObject(answer);
  });

  test('in the words of Cohere’s SDK too', async () => {
    const ask = (model: string, key?: string) => cohereClient(around.gateway, key).rerank({ model, query, documents });
    await expect(ask('jina', 'rk-wrong')).rejects.toMatchObject({ statusCode: 401, body: { message: expect.stringContaining('virtual key') } });
    await expect(ask('gpt')).rejects.toMatchObject({ statusCode: 400 });
    await expect(ask('none')).rejects.toMatchObject({ statusCode: 404 });
    await expect(ask('jina', 'rk-broke')).rejects.toMatchObject({ statusCode: 429, body: { code: 'budget-exceeded' } });
  });

  test('an error of the provider comes as it is', async () => {
    around.fakes.bedrock.behave({ refuse: { status: 429 } });
    await expect(cohereClient(around.gateway).rerank({ model: 'bedrock', query, documents })).rejects.toMatchObject({ statusCode: 429 });
  });
});
