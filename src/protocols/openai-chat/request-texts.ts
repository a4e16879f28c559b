import type { JsonNode } from '../../framing/json.ts';
import type { TextSpot } from '../protocol.ts';

/**
 * What is known of a place in the body. A field that no shape names is text with everything in it, its key included: a vendor's new field,
 * or a client's own. So shapes only lead to what is *not* text.
 */
interface Shape {
  /**
   * What a string or number here is; undefined for text.
   * `kept`: an id, a setting, or a name in the client's program: changed, the request would break. `base64`: a file, if it is base64; else text. `json`: JSON text.
   */
  value?: 'kept' | 'base64' | 'json';
  /** The shape of a field, where an object stands here; undefined for a field nobody knows. */
  field?: (key: string) => Shape | undefined;
  /** The shape of each item, where an array stands here. */
  item?: Shape;
}

const fields = (shapes: Record<string, Shape>): Pick<Shape, 'field'> => {
  const byKey = new Map(Object.entries(shapes));
  return { field: (key) => byKey.get(key) };
};

/** Fields that have one shape. */
const alike = (keys: string, shape: Shape) => keys.split(' ').map((key) => [key, shape] as const);

const text: Shape = {};
const texts: Shape = { item: text };
const kept: Shape = { value: 'kept' };
const keptList: Shape = { value: 'kept', item: kept };
const base64: Shape = { value: 'base64' };

/**
 * JSON Schema. Property names and keywords belong to the client's program. What explains, and the values to choose from, is text:
 * a placeholder in an `enum` still works, for the model answers with it and the answer is restored.
 */
const schema: Shape = { field: (keyword) => keywords.get(keyword) };
const namedSchemas: Shape = { field: () => schema };
const schemaOrList: Shape = { ...schema, item: schema };
const keywords = new Map<string, Shape>([
  ...alike('type required format pattern $ref $id $schema $anchor', keptList),
  ...alike('properties patternProperties $defs definitions dependentSchemas', namedSchemas),
  ...alike('items anyOf oneOf allOf prefixItems not additionalProperties', schemaOrList),
  ...alike('minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems', kept),
  ...alike('title description $comment default const examples', text),
  ['enum', texts],
]);

const functionCall: Shape = fields({ name: kept, arguments: { value: 'json' } });
const toolCall: Shape = fields({ id: kept, index: kept, type: kept, function: functionCall, custom: fields({ name: kept, input: text }) });

const contentPart: Shape = fields({
  type: kept,
  text,
  refusal: text,
  // An http(s) URL is text: it may carry an address or a name. The provider then cannot fetch it, but learns nothing either.
  image_url: { ...fields({ url: base64, detail: kept }), value: 'base64' },
  input_audio: fields({ data: base64, format: kept }),
  file: fields({ file_data: base64, file_id: kept, filename: text }),
  prompt_cache_breakpoint: fields({ mode: kept, ttl: kept }),
});
const content: Shape = { item: contentPart };

const message: Shape = fields({
  role: kept,
  content,
  name: text,
  refusal: text,
  tool_call_id: kept,
  tool_calls: { item: toolCall },
  function_call: functionCall,
  audio: fields({ id: kept }),
});

const functionTool: Shape = fields({ name: kept, description: text, parameters: schema, strict: kept });
const grammar: Shape = fields({ syntax: kept, definition: text });
const customTool: Shape = fields({ name: kept, description: text, format: fields({ type: kept, grammar }) });
const namedTool = { type: kept, function: fields({ name: kept }), custom: fields({ name: kept }) };

const numbers = 'n max_tokens max_completion_tokens temperature top_p frequency_penalty presence_penalty seed logprobs top_logprobs';
const choices = 'model stream store parallel_tool_calls reasoning_effort verbosity service_tier prompt_cache_retention';
const textFields = 'user safety_identifier prompt_cache_key metadata logit_bias web_search_options moderation';

const body: Shape = fields({
  ...Object.fromEntries(alike(`${numbers} ${choices}`, kept)),
  ...Object.fromEntries(alike(textFields, text)),
  messages: { item: message },
  tools: { item: fields({ type: kept, function: functionTool, custom: customTool }) },
  functions: { item: functionTool },
  tool_choice: { ...fields({ ...namedTool, allowed_tools: fields({ mode: kept, tools: { item: fields(namedTool) } }) }), value: 'kept' },
  function_call: { ...fields({ name: kept }), value: 'kept' },
  response_format: fields({ type: kept, json_schema: fields({ name: kept, description: text, schema, strict: kept }) }),
  prediction: fields({ type: kept, content }),
  audio: fields({ format: kept, voice: { ...fields({ id: kept }), value: 'kept' } }),
  stop: texts,
  modalities: keptList,
  stream_options: fields({ include_usage: kept, include_obfuscation: kept }),
  prompt_cache_options: fields({ mode: kept, ttl: kept }),
});

/** Every place in a request that a person may have written, in its order; a field that stands twice is there twice. */
export function requestTexts(request: JsonNode): TextSpot[] {
  const spots: TextSpot[] = [];
  walk(request, body, spots);
  return spots;
}

function walk(node: JsonNode, shape: Shape, spots: TextSpot[]): void {
  switch (node.type) {
    case 'object':
      if (shape.field === undefined) spots.push({ node, kind: 'tree' });
      else walkFields(node, shape.field, spots);
      break;
    case 'array':
      if (shape.item === undefined) spots.push({ node, kind: 'tree' });
      else for (const item of node.items()) walk(item, shape.item, spots);
      break;
    case 'string':
      if (shape.value === 'json') spots.push({ node, kind: 'json' });
      else if (shape.value === undefined || (shape.value === 'base64' && !isBase64(node.string()))) spots.push({ node, kind: 'text' });
      break;
    case 'number':
      if (shape.value !== 'kept') spots.push({ node, kind: 'tree' });
      break;
    case 'true':
    case 'false':
    case 'null':
      break;
  }
}

function walkFields(node: JsonNode, shapeOf: (key: string) => Shape | undefined, spots: TextSpot[]): void {
  for (const { key, value } of node.fields()) {
    const shape = shapeOf(key.string());
    if (shape === undefined) spots.push({ node: key, kind: 'text' });
    walk(value, shape ?? text, spots);
  }
}

const dataUrl = /^data:[\w.+-]+\/[\w.+-]+(?:;charset=[\w-]+)?;base64,/i;

/** Whether a string is a base64 `data:` URL, or base64 alone. Anything else in such a place is text that somebody put there. */
const isBase64 = (value: string): boolean => !/[^A-Za-z0-9+/=\r\n]/.test(value.slice(dataUrl.exec(value)?.[0].length ?? 0));
