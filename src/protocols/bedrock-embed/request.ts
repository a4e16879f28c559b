import { JsonFieldError } from '../../framing/json.ts';
import { writeJson } from '../../framing/json-write.ts';
import type { EmbedRequest } from '../../llm/embed.ts';
import type { Warning } from '../../llm/request.ts';
import { inputTypes } from '../cohere-embed/request.ts';
import type { Carried, Target } from '../protocol.ts';

/** A request in the words of the model's maker. Throws JsonFieldError for tokens, for several texts where the model takes one, and for models of other makers. */
export function encodeRequest(request: EmbedRequest, { model }: Target): Carried<string> {
  if (model.includes('cohere.embed')) return encodeCohere(request, model);
  if (model.includes('amazon.titan-embed-text')) return encodeTitan(request, model);
  throw new JsonFieldError('model', 'makes no embeddings that the gateway can ask for: of those at Bedrock it knows Titan and Cohere');
}

/** Takes note of what is left out. */
class Dropped {
  readonly warnings: Warning[] = [];
  readonly #who: string;

  constructor(who: string) {
    this.#who = who;
  }

  add(field: string, value: unknown): void {
    if (value !== undefined) this.warnings.push({ field, detail: `has no counterpart in ${this.#who} and is left out` });
  }
}

/**
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html. One call makes one vector:
 * several texts would be several calls, each of which is billed and fails for itself.
 */
function encodeTitan({ inputs, dimensions, purpose, title, truncate, user }: EmbedRequest, model: string): Carried<string> {
  const [text, ...more] = textsOf(inputs);
  if (text === undefined || more.length > 0) throw new JsonFieldError('input', 'must be one text: Amazon Titan makes one embedding per call');
  const dropped = new Dropped('Amazon Titan');
  const isV1 = model.includes('titan-embed-text-v1');
  if (isV1) dropped.add('dimensions', dimensions);
  dropped.add('input_type', purpose);
  dropped.add('title', title);
  dropped.add('truncate', truncate);
  dropped.add('user', user);
  return { value: writeJson({ inputText: text, dimensions: isV1 ? undefined : dimensions }), warnings: dropped.warnings };
}

/** Which end of a text is cut, in the words of version 3, whose vectors have one length, and in those of version 4. */
const truncations = {
  v3: { none: 'NONE', start: 'START', end: 'END' },
  v4: { none: 'NONE', start: 'LEFT', end: 'RIGHT' },
} as const;

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html. Without a purpose the texts are documents: Cohere wants one. */
function encodeCohere({ inputs, dimensions, purpose = 'document', title, truncate, user }: EmbedRequest, model: string): Carried<string> {
  const dropped = new Dropped('Cohere');
  const version = /embed-(?:english|multilingual)-/.test(model) ? 'v3' : 'v4';
  if (version === 'v3') dropped.add('dimensions', dimensions);
  dropped.add('title', title);
  dropped.add('user', user);
  if (purpose === 'similarity')
    dropped.warnings.push({ field: 'input_type', detail: 'has no word for similarity; the vectors are made for clustering' });
  const body = {
    texts: textsOf(inputs),
    input_type: inputTypes[purpose],
    embedding_types: ['float'],
    output_dimension: version === 'v3' ? undefined : dimensions,
    truncate: truncate && truncations[version][truncate],
  };
  return { value: writeJson(body), warnings: dropped.warnings };
}

const textsOf = (inputs: EmbedRequest['inputs']): string[] =>
  inputs.map((input, index) => {
    if (input.type === 'text') return input.text;
    throw new JsonFieldError(`input[${index}]`, 'must be text: no model at Bedrock embeds tokens');
  });
