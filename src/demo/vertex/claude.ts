import { geminiErrorBody } from '../gemini/error.ts';
import { anthropic } from '../anthropic.ts';
import { anthropicFault } from '../anthropic/error.ts';
import { anthropicModels } from '../anthropic/models.ts';
import type { AnthropicRequest } from '../anthropic/shape.ts';
import { isObject } from '../shape.ts';
import type { Refusal, Vendor } from '../vendor.ts';

const anthropicVersion = 'vertex-2023-10-16';

/** Claude's models by the names that Vertex AI gives them: a date stands behind an at-sign (https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai). */
const vertexClaudeModels: readonly string[] = anthropicModels.map((model) => model.replace(/-(\d{8})$/, '@$1'));

/** Anthropic's Messages behind `rawPredict` and `streamRawPredict`: the model is in the path, the version in the body. */
export function createVertexClaude({ match, checkCall }: Pick<Vendor<AnthropicRequest>, 'match' | 'checkCall'>): Vendor<AnthropicRequest> {
  return {
    ...anthropic,
    name: 'Vertex',
    models: vertexClaudeModels,
    match,
    checkCall,
    read(body, models, call) {
      const { model = '', stream = false } = call.address;
      if (!isObject(body)) return anthropic.read(body, models, call);
      const { anthropic_version: version, ...request } = body;
      const refusal = refuseHeaders(call.headers) ?? refuseBody(request, version, stream);
      if (refusal) return { refusal };
      return anthropic.read({ model, ...request }, models, { ...call, headers: { ...call.headers, 'anthropic-version': '2023-06-01' } });
    },
    // What Google refuses before Anthropic sees it has Google's shape: its types are status words in capitals.
    errorBody: (refusal, requestId) => (/^[A-Z_]+$/.test(refusal.type ?? '') ? geminiErrorBody(refusal) : anthropic.errorBody(refusal, requestId)),
  };
}

/** What belongs to Anthropic's own address would tell a key or a version that Vertex AI has no use for. */
function refuseHeaders(headers: Readonly<Record<string, unknown>>): Refusal | undefined {
  const stray = ['x-api-key', 'anthropic-version'].find((name) => headers[name] !== undefined);
  return stray === undefined ? undefined : anthropicFault(stray, 'this header has no place here');
}

function refuseBody(request: Readonly<Record<string, unknown>>, version: unknown, stream: boolean): Refusal | undefined {
  if (version !== anthropicVersion) return anthropicFault('anthropic_version', `must be '${anthropicVersion}'`);
  if ('model' in request) return anthropicFault('model', 'no such field is permitted');
  const isAsked = request['stream'] === true;
  return isAsked === stream ? undefined : anthropicFault('stream', 'must be true with streamRawPredict, and only there');
}
