import { describe, expect, test } from 'vitest';
import type { Message, Proceed, RequestHeaders } from '../../src/extproc/message.ts';
import { clientProtocols } from '../../src/protocols/registry.ts';
import type { Credential, Provider, Settings } from '../../src/providers/provider.ts';
import { anthropic } from '../../src/providers/anthropic.ts';
import { azureOpenAI } from '../../src/providers/azure-openai.ts';
import { bedrock } from '../../src/providers/bedrock.ts';
import { gemini } from '../../src/providers/gemini.ts';
import { openai } from '../../src/providers/openai.ts';
import { vertex } from '../../src/providers/vertex.ts';
import type { Deployment, Model } from '../../src/routing/deployment.ts';
import {
  passed,
  playAttempt,
  playExchange,
  refusal,
  requestBody,
  requestHeaders,
  responseBody,
  responseHeaders,
  setStage,
  type Stage,
  openExchange,
} from './play.ts';
import { createSnapshots } from '../../src/extproc/snapshots.ts';
import { deployment, endpoint, model as modelOf, target } from '../../src/routing/deployment.fixture.ts';

interface Kind {
  provider: Provider;
  model: string;
  credential: Credential;
  settings?: Settings;
}

/** Every way to show a credential. `OURS` marks ours. */
const kinds: Readonly<Record<string, Kind>> = {
  openai: { provider: openai, model: 'gpt-5-mini', credential: { apiKey: 'OURS-openai' } },
  azure: { provider: azureOpenAI, model: 'gpt-5-mini', credential: { apiKey: 'OURS-azure' }, settings: { resource: 'r' } },
  anthropic: { provider: anthropic, model: 'claude-haiku-4-5', credential: { apiKey: 'OURS-anthropic' } },
  gemini: { provider: gemini, model: 'gemini-3-pro-preview', credential: { apiKey: 'OURS-gemini' } },
  vertex: { provider: vertex, model: 'gemini-3-pro-preview', credential: { accessToken: 'OURS-vertex' }, settings: { project: 'p' } },
  bedrock: {
    provider: bedrock,
    model: 'eu.anthropic.claude-haiku-4-5-20251001-v1:0',
    credential: { accessKeyId: 'OURS-bedrock', secretAccessKey: 'OURS-secret', sessionToken: 'OURS-bedrock-session' },
    settings: { region: 'eu-central-1' },
  },
};

function deploymentAt(name: string): Deployment {
  const { provider, model, credential, settings = {} } = kinds[name] as Kind;
  const baseUrl = new URL(provider.defaultBaseUrl(settings) ?? 'https://provider.example');
  return deployment(
    endpoint(name, { provider, baseUrl, settings, credential: { name: 'default', weight: 1, authorize: provider.connect(credential, settings) } }),
    model,
  );
}

const deployments = Object.keys(kinds).map(deploymentAt);

/** A stage on which the model `fast` leads to each kind of provider in turn, the given one first. */
function stageWith(first: string): Stage {
  const stage = setStage();
  const { snapshot } = stage;
  const ordered = deployments.toSorted((a, b) => Number(b.endpoint.name === first) - Number(a.endpoint.name === first));
  const models = ordered.map((each, index): Model =>
    modelOf(index === 0 ? 'fast' : each.endpoint.name, [target(each)], {
      fallback: index === 0 ? ordered.slice(1).map(({ endpoint: { name } }) => name) : [],
    }),
  );
  const changed = { ...snapshot, models: new Map(models.map((each) => [each.name, each])) };
  return { ...stage, deps: { ...stage.deps, protocols: clientProtocols, snapshots: createSnapshots(changed, () => 0) } };
}

/** The client's own key is its tenant's name here; what it sends besides is marked. */
const clients: Readonly<Record<string, { path: string; body: object }>> = {
  'openai-chat': { path: '/v1/chat/completions', body: { model: 'fast', messages: [{ role: 'user', content: 'Hi' }] } },
  'openai-responses': { path: '/v1/responses', body: { model: 'fast', input: 'Hi' } },
  'anthropic-messages': { path: '/v1/messages', body: { model: 'fast', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] } },
  'gemini-generate': { path: '/v1beta/models/fast:generateContent', body: { contents: [{ parts: [{ text: 'Hi' }] }] } },
  'bedrock-converse': { path: '/model/fast/converse', body: { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] } },
};

const theirs: readonly (readonly [string, string])[] = [
  ...['x-api-key', 'api-key', 'x-goog-api-key', 'cookie', 'proxy-authorization', 'x-amz-security-token', 'x-amz-date', 'x-goog-user-project'],
  ...['openai-organization', 'openai-project', 'x-remora-model', 'x-forwarded-for', 'forwarded', 'referer', 'user-agent', 'te'],
].map((name) => [name, `THEIRS-${name}`]);

const opening = (path: string): RequestHeaders => {
  const { headers, ...rest } = requestHeaders('open', { path: `${path}?key=THEIRS-query&alt=sse&beta=true&api-version=THEIRS` });
  return { ...rest, headers: new Map([...headers, ...theirs]) };
};

/** The headers that the provider gets: those that were there, as a reply changes them. */
function sent(present: ReadonlyMap<string, string>, { setHeaders = [], removeHeaders = [] }: Proceed): Map<string, string> {
  const headers = new Map(present);
  for (const name of removeHeaders) headers.delete(name);
  for (const [name, value] of setHeaders) headers.set(name, value);
  return headers;
}

const oursIn = (text: string): string[] => [...new Set(text.match(/OURS-\w+/g) ?? [])];

describe.each(Object.entries(clients))('of a client of %s', (_, { path, body }) => {
  test.each(Object.keys(kinds))('each provider of a chain from %s on gets its own credential and nobody else’s', async (first) => {
    const stage = stageWith(first);
    const start = opening(path);
    let replies: Awaited<ReturnType<typeof playExchange>> = [];
    const prepared: { text: string; name: string }[] = [];
    // The exchange must be open while its attempts are made.
    const conversation = openExchange(stage, start);
    await conversation.next(start);
    const opened = await conversation.next(requestBody(body));
    replies = [opened.value as Proceed];
    const { metadata } = passed(replies[0]);
    const chain = metadata?.['remora.chain'] as { priority_groups: { clusters: { cluster_name: string }[] }[] };
    const clusters = chain.priority_groups.map(({ clusters: [cluster] }) => cluster?.cluster_name ?? '');
    const nameOf = (cluster: string): string => cluster.slice(2, cluster.lastIndexOf('.'));
    let present = sent(start.headers, passed(replies[0]));
    prepared.push({ name: nameOf(clusters[0] ?? ''), text: `${[...present].join('\n')}\n${String(passed(replies[0]).body)}` });
    for (const [index, cluster] of clusters.entries()) {
      if (index === 0) continue;
      const further: RequestHeaders = {
        type: 'request-headers',
        headers: new Map([...present, ['x-envoy-attempt-count', String(index + 1)]]),
        endOfStream: false,
        attributes: new Map([['xds.cluster_name', cluster]]),
        metadata: new Map([['exchange_id', 'exchange-1']]),
      };
      const [reply] = await playAttempt(stage, further);
      present = sent(further.headers, passed(reply));
      prepared.push({ name: nameOf(cluster), text: `${[...present].join('\n')}\n${String(passed(reply).body)}` });
    }
    await conversation.return();
    expect(stage.failures).toEqual([]);
    expect(prepared).toHaveLength(6);
    for (const { name, text } of prepared) {
      expect(text).not.toContain('THEIRS');
      expect(text).not.toMatch(/bearer open/i);
      expect(oursIn(text)).toEqual(oursIn(text).filter((found) => found.startsWith(`OURS-${name}`)));
      expect(oursIn(text)).not.toEqual([]);
    }
  });
});

test.each(['gemini-generate', 'openai-chat'])('a credential that Google refuses with status 400 is not the fault of a client of %s', async (name) => {
  const { path, body } = clients[name] as (typeof clients)[string];
  const said = {
    error: {
      code: 400,
      message: 'API key not valid.',
      status: 'INVALID_ARGUMENT',
      details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }],
    },
  };
  const replies = await playExchange(stageWith('gemini'), opening(path), requestBody(body), responseHeaders(400), responseBody(JSON.stringify(said)));
  const { status, headers } = refusal(replies.at(-1));
  expect([status, headers.get('x-remora-error')]).toEqual([502, 'provider-credential']);
});

test('another error of Google’s with status 400 reaches its own client as it came', async () => {
  const { path, body } = clients['gemini-generate'] as (typeof clients)[string];
  const said: Message = responseBody('{"error":{"code":400,"message":"Bad.","status":"INVALID_ARGUMENT"}}');
  const replies = await playExchange(stageWith('gemini'), opening(path), requestBody(body), responseHeaders(400), said);
  expect(passed(replies.at(-1)).body).toBeUndefined();
});
