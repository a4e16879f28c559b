import { GoogleGenAI } from '@google/genai';
import { CohereClientV2 } from 'cohere-ai';
import { startFakeAzureOpenAI } from '../../src/demo/azure-openai.ts';
import { startFakeBedrock } from '../../src/demo/bedrock.ts';
import { startFakeCohere } from '../../src/demo/cohere.ts';
import { startFakeCompatible } from '../../src/demo/compatible.ts';
import { startFakeGemini } from '../../src/demo/gemini.ts';
import { startFakeRerank } from '../../src/demo/rerank.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { startFakeVertex } from '../../src/demo/vertex.ts';
import { keys, startGateway, startWorld, type ConfigData, type RunningGateway, type World } from './gateway.ts';

/** Providers beside OpenAI's and Anthropic's, which every world has. */
type Other = 'azure' | 'bedrock' | 'cohere' | 'gemini' | 'jina' | 'vertex' | 'vllm';

/** A gateway before a fake of each kind of provider that serves more than chat. */
export interface Surroundings {
  world: World;
  gateway: RunningGateway;
  fakes: Readonly<Record<Other, FakeProvider>>;
  stop(): Promise<void>;
}

/** Starts them; `more` is laid over the config, as in `startWorld`. */
export async function startSurroundings(more: ConfigData = {}): Promise<Surroundings> {
  const [azure, bedrock, cohere, gemini, jina, vertex, vllm] = await Promise.all([
    startFakeAzureOpenAI(),
    startFakeBedrock({ region: 'eu-central-1' }),
    startFakeCohere(),
    startFakeGemini(),
    startFakeRerank(),
    startFakeVertex(),
    startFakeCompatible('vllm'),
  ]);
  const at = ({ url, apiKey }: FakeProvider, kind: string) => ({ kind, baseUrl: url, apiKey });
  const world = await startWorld({
    ...more,
    providers: {
      azure: at(azure, 'azure-openai'),
      'azure-dated': { ...at(azure, 'azure-openai'), apiVersion: '2024-10-21' },
      bedrock: { kind: 'bedrock', baseUrl: bedrock.url, region: 'eu-central-1', ...bedrock.credentials },
      cohere: at(cohere, 'cohere'),
      gemini: at(gemini, 'gemini'),
      jina: at(jina, 'openai-compatible'),
      vertex: { kind: 'vertex', baseUrl: vertex.url, project: vertex.project, accessToken: vertex.apiKey },
      vllm: at(vllm, 'openai-compatible'),
    },
  });
  const house = at(world.openai, 'openai-compatible'); // the same server, known by nothing but its protocol
  const gateway = await startGateway({ ...world.config, providers: { ...(world.config['providers'] as ConfigData), house } });
  const fakes = { azure, bedrock, cohere, gemini, jina, vertex, vllm };
  return {
    world,
    gateway,
    fakes,
    async stop() {
      await gateway.stop();
      await Promise.all([world, ...Object.values(fakes)].map((each) => each.stop()));
    },
  };
}

/** The official Google client, with nothing changed but its address and key. */
export const googleClient = ({ url }: { url: string }, key: string = keys.open): GoogleGenAI =>
  new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });

/** The official Cohere client, likewise; it gives the headers of an answer with `.withRawResponse()`. */
export const cohereClient = ({ url }: { url: string }, key: string = keys.open): CohereClientV2 =>
  new CohereClientV2({ token: key, environment: url, maxRetries: 0 });

/** What was sent last, as JSON. */
export const lastSent = ({ requests }: FakeProvider): Record<string, unknown> =>
  JSON.parse(requests.at(-1)?.body.toString() ?? '{}') as Record<string, unknown>;

/** Posts JSON, as a client without an SDK does. */
export const post = ({ url }: { url: string }, path: string, body: object, key: string = keys.open): Promise<Response> =>
  fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
