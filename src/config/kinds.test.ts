import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { compileConfig } from './load.ts';
import { ConfigError } from './problem.ts';
import { providerKinds } from '../providers/registry.ts';
import { clusterOf, endpointsByCluster, type Endpoint, type Pool } from '../routing/deployment.ts';

const folder = mkdtempSync(join(tmpdir(), 'remora-kinds-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'remora.yaml');

const compile = (provider: string): Endpoint | undefined => compilePool(provider)?.[0];

function compilePool(provider: string): Pool | undefined {
  const text = `providers:\n  it: { ${provider} }\nmodels: { m: { targets: [{ provider: it, model: x, price: { input: 1, output: 1 } }] } }\n`;
  return compileConfig(text, { path, env: {} }).endpoints.get('it');
}

/** What is wrong with a provider, by field. */
function problems(provider: string): string[] {
  try {
    compile(provider);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').map((line) => line.replace(/^\S+ providers\.it\.?/, ''));
    throw error;
  }
  return [];
}

const key = 'accessKeyId: AKIA, secretAccessKey: s';
const role = 'roleArn: "arn:aws:iam::123456789012:role/llm"';

describe('a provider that can be called', () => {
  test.each([
    ['kind: bedrock, region: eu-central-1', 'https://bedrock-runtime.eu-central-1.amazonaws.com/'],
    [`kind: bedrock, region: eu-central-1, ${key}`, 'https://bedrock-runtime.eu-central-1.amazonaws.com/'],
    [`kind: bedrock, region: eu-central-1, ${key}, sessionToken: t, ${role}`, 'https://bedrock-runtime.eu-central-1.amazonaws.com/'],
    [`kind: bedrock, region: eu-central-1, ${role}`, 'https://bedrock-runtime.eu-central-1.amazonaws.com/'],
    ['kind: bedrock, region: eu-central-1, apiKey: k, baseUrl: "https://vpce.example"', 'https://vpce.example/'],
    ['kind: vertex, project: p', 'https://aiplatform.googleapis.com/'],
    ['kind: vertex, project: p, location: europe-west4, accessToken: t', 'https://europe-west4-aiplatform.googleapis.com/'],
    [`kind: vertex, project: p, serviceAccount: '{"type":"service_account"}'`, 'https://aiplatform.googleapis.com/'],
    ['kind: azure-openai, resource: r', 'https://r.openai.azure.com/'],
    ['kind: azure-openai, resource: r, tenantId: t, clientId: c, clientSecret: s', 'https://r.openai.azure.com/'],
    ['kind: azure-openai, baseUrl: "https://proxy.example/azure", apiKey: k', 'https://proxy.example/azure'],
    ['kind: gemini, apiKey: k', 'https://generativelanguage.googleapis.com/'],
    ['kind: cohere, apiKey: k', 'https://api.cohere.com/'],
    ['kind: ollama', 'http://localhost:11434/v1'],
    ['kind: vllm, baseUrl: "http://vllm:8000/v1"', 'http://vllm:8000/v1'],
  ])('%s', (provider, address) => expect(compile(provider)?.baseUrl.href).toBe(address));

  test('may have several credentials', () => {
    const pool = compilePool('kind: openai, credentials: [{ name: one, apiKey: k1 }, { name: two, apiKey: k2 }]');
    expect(pool?.map(({ credential }) => credential.name)).toEqual(['one', 'two']);
  });

  test('may have its service account in a file', () => {
    writeFileSync(join(folder, 'google.json'), '{\n  "type": "service_account"\n}\n');
    expect(compile('kind: vertex, project: p, serviceAccount: "file:google.json"')?.settings).toEqual({ project: 'p' });
  });
});

describe('a provider that cannot', () => {
  test.each([
    ['kind: bedrock', ['region: is missing; the kind bedrock needs it']],
    ['kind: bedrock, baseUrl: "https://vpce.example"', ['region: is missing; the kind bedrock needs it']],
    ['kind: bedrock, region: eu-central-1, accessKeyId: AKIA', ['secretAccessKey: is missing; the kind bedrock asks for it beside accessKeyId']],
    [`kind: bedrock, region: eu-central-1, apiKey: k, ${key}`, [expect.stringMatching(/^apiKey: does not go with /)]],
    ['kind: vertex', ['project: is missing; the kind vertex needs it']],
    ['kind: vertex, project: p, apiKey: k', ['apiKey: means nothing to the kind vertex; it knows project, location, serviceAccount, accessToken']],
    [
      'kind: vertex, project: p, serviceAccount: secret-that-is-no-json',
      ['serviceAccount: must be the JSON that Google gave you, or file:PATH of the file with it'],
    ],
    ['kind: azure-openai, apiKey: k', [expect.stringMatching(/^baseUrl: is missing; /)]],
    [
      'kind: azure-openai, resource: r, tenantId: t, clientId: c',
      ['clientSecret: is missing; the kind azure-openai asks for it beside tenantId, clientId'],
    ],
    [
      'kind: azure-openai, baseUrl: "https://r.openai.azure.com/openai/v1", apiKey: k',
      ['baseUrl: must not end in /openai/v1: calls go to /openai/v1/chat/completions below it'],
    ],
    [
      'kind: gemini, baseUrl: "https://generativelanguage.googleapis.com/v1beta", apiKey: k',
      ['baseUrl: must not end in /v1beta: calls go to /v1beta/models/m:generateContent below it'],
    ],
    ['kind: cohere, baseUrl: "https://api.cohere.com/v2", apiKey: k', ['baseUrl: must not end in /v2: calls go to /v2/embed below it']],
    ['kind: groq', ['apiKey: is missing; api.groq.com asks for a key']],
    ['kind: tgi', [expect.stringMatching(/^baseUrl: is missing; /)]],
    ['kind: openai, apiKey: k, location: eu-central-1', ['location: means nothing to the kind openai; it knows apiKey']],
    [
      'kind: openai, credentials: [{ name: one, apiKey: k }, { name: one, apiKey: l }]',
      [expect.stringMatching(/^credentials\[1\]\.name: is a name/)],
    ],
    ['kind: openai, apiKey: k, credentials: [{ name: one, apiKey: k }]', ['apiKey: stands beside credentials; put it into the list']],
  ])('%s', (provider, expected) => {
    const found = problems(provider);
    expect(found).toEqual(expected);
    expect(found.join()).not.toContain('secret-that-is-no-json');
  });
});

describe('the guide to providers', () => {
  const guide = readFileSync('docs/guides/providers.md', 'utf8');
  const blocks = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);
  writeFileSync(join(folder, 'google.json'), '{}');
  writeFileSync(join(folder, 'ca.pem'), '');

  test.each(blocks)('has what works: %s', (yaml) => {
    const env = Object.fromEntries([...yaml.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, 'k']));
    const [first] = /(?<=^ {2})[\w-]+(?=:)/m.exec(yaml) ?? [];
    const text = `${yaml}models: { m: { targets: [{ provider: ${first}, model: x }] } }\n`;
    expect(compileConfig(text, { path, env }).endpoints.size).toBe((yaml.match(/^ {2}[\w-]+:/gm) ?? []).length);
  });

  test('names every kind', () => {
    expect([...providerKinds.keys()].filter((kind) => !guide.includes(`\`${kind}\``))).toEqual([]);
  });
});

describe('a pool', () => {
  test('may have members at addresses of their own, with shares of their own', () => {
    const pool = compilePool(
      'kind: openai, credentials: [{ name: one, apiKey: k1 }, { name: two, apiKey: k2, weight: 3, baseUrl: "https://two.example.com/v1" }]',
    );
    expect(pool?.map(({ baseUrl, credential }) => [baseUrl.host, credential.weight])).toEqual([
      ['api.openai.com', 1],
      ['two.example.com', 3],
    ]);
    expect(new Set(pool?.map(clusterOf)).size).toBe(2);
  });

  test('shares one cluster where its members share an address', () => {
    const pool = compilePool('kind: openai, credentials: [{ name: one, apiKey: k1 }, { name: two, apiKey: k2 }]');
    expect(pool && endpointsByCluster([pool])).toHaveLength(1);
  });
});
