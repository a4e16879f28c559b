import { createGeminiEndpoint, toAddress } from './gemini/endpoint.ts';
import { geminiRefusal, refusalWithReason } from './gemini/error.ts';
import { createCountTokens } from './gemini/plain.ts';
import { startFake } from './server.ts';
import type { FakeOptions, FakeProvider } from './server.ts';
import type { Call, Refusal, Vendor } from './vendor.ts';
import { createVertexClaude } from './vertex/claude.ts';
import { demoProject } from './vertex/oauth.ts';
import { startFakeOAuth } from './vertex/oauth-server.ts';
import type { FakeOAuth } from './vertex/oauth-server.ts';

export interface FakeVertexOptions extends FakeOptions {
  /** How long an access token is good; an hour where it does not say. */
  tokenSeconds?: number;
}

/** A fake Vertex AI, and the token endpoints that its callers need. */
export interface FakeVertex extends FakeProvider {
  /** The one project that callers may use. */
  project: string;
  oauth: FakeOAuth;
}

/**
 * The fake Vertex AI: Gemini and Claude as https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest has them, in any location.
 * It takes the tokens that its OAuth server issues, and besides them its `apiKey` as a token that never expires.
 */
export async function startFakeVertex({ tokenSeconds = 3600, now = Date.now, ...options }: FakeVertexOptions = {}): Promise<FakeVertex> {
  const oauth = await startFakeOAuth({ now, lifetimeSeconds: tokenSeconds });
  const checkCall = createCheck(oauth);
  const fake = await startFake(
    {
      vendors: [createGemini(checkCall), createClaude(checkCall)],
      plain: [createCountTokens('Vertex', (method, path) => (method === 'POST' ? addressOf(path, 'google', 'countTokens') : undefined))],
      basePath: '',
    },
    'ya29.demo-vertex',
    { ...options, now },
  );
  return {
    ...fake,
    project: demoProject,
    oauth,
    async stop() {
      await Promise.all([fake.stop(), oauth.stop()]);
    },
  };
}

const pathPattern = /^\/v1(?:beta1)?\/projects\/([^/]+)\/locations\/([a-z0-9-]+)\/publishers\/(\w+)\/models\/([^/:]+):(\w+)$/;

interface Named {
  project: string;
  publisher: string;
  model: string;
  method: string;
}

function parsePath(path: string): Named | undefined {
  const [, named, , publisher, model, method] = pathPattern.exec(path) ?? [];
  if (named === undefined || publisher === undefined || model === undefined || method === undefined) return undefined;
  // Claude is Anthropic's alone.
  if (model.startsWith('claude-') !== (publisher === 'anthropic')) return undefined;
  return { project: named, publisher, model: decodeURIComponent(model), method };
}

/** The model of a path that names this method of this publisher's. */
function addressOf(path: string, publisher: string, method: string): { model: string } | undefined {
  const named = parsePath(path);
  return named?.publisher === publisher && named.method === method ? { model: named.model } : undefined;
}

type Check = Vendor<unknown>['checkCall'];

const createGemini = (checkCall: Check): ReturnType<typeof createGeminiEndpoint> =>
  createGeminiEndpoint('Vertex', {
    match(path, query) {
      const { publisher, model = '', method } = parsePath(path) ?? {};
      if (publisher !== 'google' || (method !== 'generateContent' && method !== 'streamGenerateContent')) return undefined;
      return toAddress(model, method, query);
    },
    checkCall,
  });

const createClaude = (checkCall: Check): ReturnType<typeof createVertexClaude> =>
  createVertexClaude({
    match(path) {
      const whole = addressOf(path, 'anthropic', 'rawPredict');
      const streamed = addressOf(path, 'anthropic', 'streamRawPredict');
      return whole ? { ...whole, stream: false } : streamed && { ...streamed, stream: true };
    },
    checkCall,
  });

const service = 'aiplatform.googleapis.com';
const challenge = 'Bearer realm="https://accounts.google.com/"';

/** An access token goes into `Authorization`, and its owner may use this one project. */
function createCheck(oauth: FakeOAuth): Check {
  return ({ url, headers: { authorization } }: Call, staticToken) => {
    if (authorization === undefined)
      return unauthenticated('CREDENTIALS_MISSING', 'API keys are not supported by this API; it wants an OAuth 2 access token.');
    const [, token] = /^Bearer (\S+)$/.exec(authorization) ?? [];
    const state = token === undefined ? 'unknown' : oauth.stateOf(token);
    if (token !== staticToken && state !== 'valid') {
      const reason = state === 'expired' ? 'ACCESS_TOKEN_EXPIRED' : 'ACCESS_TOKEN_TYPE_UNSUPPORTED';
      return unauthenticated(reason, 'Request had invalid authentication credentials. Expected OAuth 2 access token.');
    }
    const named = parsePath(url.split('?', 1)[0] ?? '')?.project;
    if (named === undefined || named === demoProject) return undefined;
    return {
      ...geminiRefusal(403),
      message: `Permission 'aiplatform.endpoints.predict' denied on resource '//${service}/projects/${named}' (or it may not exist).`,
    };
  };
}

const unauthenticated = (reason: string, message: string): Refusal => ({
  ...refusalWithReason(401, reason, service, message),
  headers: { 'www-authenticate': reason === 'CREDENTIALS_MISSING' ? challenge : `${challenge}, error="invalid_token"` },
});
