import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { EmbedRequest } from '../../llm/embed.ts';
import { booleanField, bothCases, countField, enumField, field, listField, stringField } from '../gemini-generate/wire-fields.ts';
import type { Carried } from '../protocol.ts';
import { Warnings } from '../warnings.ts';
import { requestsIn } from './request.ts';
import { purposeOf } from './wire.ts';

const options = bothCases(['taskType', 'title', 'outputDimensionality', 'autoTruncate']);
const known = [...options, ...bothCases(['model', 'content', 'embedContentConfig'])];

/** A request for one embedding or a batch in canonical form, whose options are the same for all texts: of requests that differ the first one holds, with a warning. */
export function decodeRequest(body: JsonNode): Carried<EmbedRequest> {
  const warnings = new Warnings();
  const requests = requestsIn(body);
  const [first] = requests;
  if (first === undefined) throw new JsonFieldError('requests', 'must not be empty');
  if (requests.length > 1 || first !== body) warnings.others(body, ['requests']);
  const value: EmbedRequest = { inputs: [], encoding: 'float', ...decodeOptions(first, warnings) };
  for (const request of requests) {
    warnings.others(request, known);
    value.inputs.push({ type: 'text', text: textOf(request, warnings) });
    if (request !== first) warnOfDifference(first, request, warnings);
  }
  return { value, warnings: warnings.list };
}

/** Vertex AI has the options in an object of their own. */
const holderOf = (request: JsonNode): JsonNode => field(request, 'embedContentConfig') ?? request;

function decodeOptions(request: JsonNode, warnings: Warnings): Partial<EmbedRequest> {
  const holder = holderOf(request);
  if (holder !== request) warnings.others(holder, options);
  const dimensions = countField(holder, 'outputDimensionality', 1);
  const title = stringField(holder, 'title');
  const truncate = booleanField(holder, 'autoTruncate');
  const taskType = enumField(holder, 'taskType');
  const purpose = purposeOf(taskType);
  const node = field(holder, 'taskType');
  if (taskType !== undefined && !purpose.isExact && node !== undefined) warnings.add(node, `${taskType} has no counterpart in other protocols`);
  return {
    ...(dimensions !== undefined && { dimensions }),
    ...(title !== undefined && { title }),
    ...(truncate !== undefined && { truncate: truncate ? 'end' : 'none' }),
    ...(purpose.value !== undefined && { purpose: purpose.value }),
  };
}

/** Its text; what else content may be is no input of other protocols. */
function textOf(request: JsonNode, warnings: Warnings): string {
  const content = field(request, 'content');
  if (content === undefined) throw new JsonFieldError(request.path === '' ? 'content' : `${request.path}.content`, 'is required');
  warnings.others(content, ['role', 'parts']);
  const texts = listField(content, 'parts').flatMap((part) => {
    warnings.others(part, ['text']);
    return field(part, 'text')?.string() ?? [];
  });
  return texts.join('\n');
}

function warnOfDifference(first: JsonNode, request: JsonNode, warnings: Warnings): void {
  for (const name of ['taskType', 'title', 'outputDimensionality', 'autoTruncate']) {
    const value = field(holderOf(request), name);
    if (value?.text === field(holderOf(first), name)?.text) continue;
    warnings.add(value ?? request, `${name} differs from that of the first request, which holds for all`);
  }
}
