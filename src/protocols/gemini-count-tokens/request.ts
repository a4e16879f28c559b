import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import { RawJson, writeJson, type Writable } from '../../framing/json-write.ts';
import { replaceValue, type Edit } from '../../framing/splice.ts';
import type { ChatRequest } from '../../llm/request.ts';
import { field } from '../gemini-generate/wire-fields.ts';
import { resourceName } from '../gemini-generate/request-paths.ts';
import { decodeGenerate } from '../gemini-generate/request-decode.ts';
import { encodeGenerate } from '../gemini-generate/request-encode.ts';
import { contentEdits, modelEdits } from '../gemini-generate/request-retarget.ts';
import { stateSpots } from '../gemini-generate/request-state.ts';
import { storedIds } from '../gemini-generate/request-stored-ids.ts';
import { checkContents } from '../gemini-generate/request.ts';
import type { Carried, PathFacts, RequestFacts, StateSpot, StoredId, Target } from '../protocol.ts';

/** The field that holds the whole request whose tokens are counted; without it, the body does. */
const inside = 'generateContentRequest';

const counted = (body: JsonNode): JsonNode => field(body, inside) ?? body;

/** What the gateway must know of a request: the path has its model. Throws JsonFieldError where the API too would refuse. */
export function facts(body: JsonNode, { model }: PathFacts): RequestFacts {
  if (model === undefined || model === '') throw new JsonFieldError('model', 'must be named in the path');
  checkContents(counted(body));
  return { model, stream: false, maxTokens: 0, choices: 1, wantsUsage: true };
}

/** Ids of calls, and signatures, in the request that is counted. */
export const countedStateSpots = (body: JsonNode): StateSpot[] => stateSpots(counted(body));

/** Files and caches that the request names which is counted. */
export const countedStoredIds = (body: JsonNode): StoredId[] => storedIds(counted(body));

/** The request that is counted, in canonical form. */
export const decodeRequest = (body: JsonNode): Carried<ChatRequest> => decodeGenerate(counted(body), false);

/** A request as Google counts it. The Gemini API takes instruction and tools only in a request inside; Vertex AI beside the contents. */
export function encodeRequest(request: ChatRequest, target: Target): Carried<string> {
  const { value, warnings } = encodeGenerate(request, target);
  const { contents, systemInstruction, tools } = value;
  if (target.quirks.flatTokenCount === true) return { value: writeJson({ contents, systemInstruction, tools }), warnings };
  if (systemInstruction === undefined && tools === undefined) return { value: writeJson({ contents }), warnings };
  return { value: writeJson({ [inside]: { model: resourceName(target.model), contents, systemInstruction, tools } }), warnings };
}

/** What changes for the other one of Google's APIs: where instruction and tools stand, and the model's name in the request inside. */
export function retarget(body: JsonNode, _facts: RequestFacts, { model, quirks }: Target): Carried<Edit[]> {
  const request = field(body, inside);
  const edits = contentEdits(request ?? body, model);
  if (quirks.flatTokenCount === true)
    return { value: request === undefined ? edits : [replaceValue(body, writeJson(countable(request)))], warnings: [] };
  if (request !== undefined) return { value: [...edits, ...modelEdits(request, model)], warnings: [] };
  const fields = countable(body);
  const isPlain = Object.keys(fields).every((name) => name === 'contents');
  const wrapped = writeJson({ [inside]: { model: resourceName(model), ...fields } });
  return { value: isPlain ? edits : [replaceValue(body, wrapped)], warnings: [] };
}

/** The fields of a request that both APIs count. */
function countable(request: JsonNode): Record<string, Writable> {
  const named = ['contents', 'systemInstruction', 'tools', 'generationConfig'].map((name) => [name, field(request, name)] as const);
  return Object.fromEntries(named.flatMap(([name, node]) => (node === undefined ? [] : [[name, new RawJson(node.text)]])));
}
