import { writeJson, type Writable } from '../../framing/json-write.ts';
import type { EmbedRequest } from '../../llm/embed.ts';
import type { Warning } from '../../llm/request.ts';
import { JsonFieldError } from '../../framing/json.ts';
import { resourceName } from '../gemini-generate/request-paths.ts';
import type { Carried, Target } from '../protocol.ts';
import { taskTypeOf } from './wire.ts';

/** A request as a batch, one for each text. Throws JsonFieldError for tokens: the API takes text only. */
export function encodeBatch(request: EmbedRequest, { model }: Target): Carried<string> {
  const { fields, warnings } = encodeOptions(request);
  const name = resourceName(model);
  const requests = request.inputs.map((input, index) => ({ model: name, content: contentOf(input, index), ...fields }));
  return { value: writeJson({ requests }), warnings };
}

/** A request for one embedding. Throws JsonFieldError where there are several texts, or tokens. */
export function encodeOne(request: EmbedRequest, { model }: Target): Carried<string> {
  const [input, ...more] = request.inputs;
  if (input === undefined || more.length > 0) throw new JsonFieldError('input', 'must be one text: this method makes one embedding');
  const { fields, warnings } = encodeOptions(request);
  return { value: writeJson({ model: resourceName(model), content: contentOf(input, 0), ...fields }), warnings };
}

function contentOf(input: EmbedRequest['inputs'][number], index: number): Writable {
  if (input.type === 'tokens') throw new JsonFieldError(`input[${index}]`, 'must be text: the Gemini API makes no embeddings of tokens');
  return { parts: [{ text: input.text }] };
}

/** A title goes with documents alone. */
function encodeOptions({ purpose, title, dimensions, truncate, user }: EmbedRequest): { fields: Record<string, Writable>; warnings: Warning[] } {
  const warnings: Warning[] = [];
  const isTitled = title !== undefined && purpose === 'document';
  if (title !== undefined && !isTitled) warnings.push({ field: 'title', detail: 'goes with documents only and is left out' });
  if (truncate === 'none' || truncate === 'start')
    warnings.push({ field: 'truncate', detail: 'the Gemini API cuts the end of texts that are too long' });
  if (user !== undefined) warnings.push({ field: 'user', detail: 'has no counterpart in the Gemini API and is left out' });
  const fields = {
    taskType: purpose && taskTypeOf(purpose),
    title: isTitled ? title : undefined,
    outputDimensionality: dimensions,
  };
  return { fields, warnings };
}
