import type { JsonNode } from '../../framing/json.ts';
import type { TextSpot } from '../protocol.ts';
import { alike, base64, fields, kept, keptList, schema, text, texts, textSpots, type Shape } from '../text-spots.ts';

const functionCall: Shape = fields({ name: kept, arguments: { value: 'json' } });
const toolCall: Shape = fields({ id: kept, index: kept, type: kept, function: functionCall, custom: fields({ name: kept, input: text }) });

const cacheControl: Shape = fields({ type: kept, ttl: kept });
const contentPart: Shape = fields({
  type: kept,
  text,
  refusal: text,
  // An http(s) URL is text: it may carry an address or a name. The provider then cannot fetch it, but learns nothing either.
  image_url: { ...fields({ url: base64, detail: kept }), value: 'base64' },
  input_audio: fields({ data: base64, format: kept }),
  file: fields({ file_data: base64, file_id: kept, filename: text }),
  prompt_cache_breakpoint: fields({ mode: kept, ttl: kept }),
  cache_control: cacheControl,
});
const content: Shape = { item: contentPart };

const message: Shape = fields({
  role: kept,
  content,
  name: text,
  refusal: text,
  reasoning_content: text,
  reasoning: text,
  cache_control: cacheControl,
  tool_call_id: kept,
  tool_calls: { item: toolCall },
  function_call: functionCall,
  audio: fields({ id: kept }),
});

const functionTool: Shape = fields({ name: kept, description: text, parameters: schema, strict: kept });
const grammar: Shape = fields({ syntax: kept, definition: text });
const customTool: Shape = fields({ name: kept, description: text, format: fields({ type: kept, grammar }) });
const namedTool = { type: kept, function: fields({ name: kept }), custom: fields({ name: kept }) };

const body: Shape = fields({
  ...alike('n max_tokens max_completion_tokens temperature top_p frequency_penalty presence_penalty seed logprobs top_logprobs', kept),
  ...alike('model stream store parallel_tool_calls reasoning_effort verbosity service_tier prompt_cache_retention', kept),
  ...alike('user safety_identifier prompt_cache_key metadata logit_bias web_search_options moderation', text),
  messages: { item: message },
  tools: { item: fields({ type: kept, function: functionTool, custom: customTool, cache_control: cacheControl }) },
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

/** Every place in a request that a person may have written, in its order. */
export const requestTexts = (request: JsonNode): TextSpot[] => textSpots(request, body);
