import type { JsonNode } from '../../framing/json.ts';
import type { TextSpot } from '../protocol.ts';
import { alike, base64, fields, kept, keptList, schema, text, texts, textSpots, type Shape } from '../text-spots.ts';

const cacheBreakpoint: Shape = fields({ mode: kept, ttl: kept });

/** A file or an image as a `data:` URL is base64; an http(s) URL is text: it may carry an address or a name. */
const contentPart: Shape = fields({
  ...alike('type detail file_id', kept),
  ...alike('text refusal file_url filename', text),
  ...alike('image_url file_data', base64),
  input_audio: fields({ data: base64, format: kept }),
  annotations: { item: fields(alike('type file_id container_id index start_index end_index', kept)) },
  prompt_cache_breakpoint: cacheBreakpoint,
});

/** A string, a list of content, or the one screenshot of a computer. */
const content: Shape = { ...contentPart, item: contentPart };

const summary: Shape = { item: fields({ type: kept, text }) };

const item: Shape = {
  ...fields({
    ...alike('type role id call_id status phase', kept),
    ...alike('code queries', texts),
    content,
    output: content,
    arguments: { value: 'json' },
    input: text,
    summary,
    result: base64,
  }),
  fieldOfType(type, key) {
    if (key === 'encrypted_content') return type === 'reasoning' || type === 'compaction' ? kept : undefined;
    const isCall = key === 'name' || key === 'namespace' || key === 'server_label';
    return isCall && type.includes('_call') ? kept : undefined;
  },
};

const grammar = fields({ type: kept, syntax: kept, definition: text });

const toolFields: Record<string, Shape> = {
  ...alike('type name strict async defer_loading server_label connector_id require_approval max_num_results search_context_size', kept),
  ...alike('display_width display_height environment authorization', kept),
  ...alike('model size quality background output_format output_compression moderation partial_images input_fidelity', kept),
  ...alike('allowed_callers vector_store_ids allowed_tools', keptList),
  ...alike('parameters output_schema', schema),
  description: text,
  format: grammar,
  container: { ...fields({ type: kept, memory_limit: kept, file_ids: keptList }), value: 'kept' },
};
const tool: Shape = fields({ ...toolFields, tools: { item: fields(toolFields) } });

const chosenTool: Record<string, Shape> = alike('type name mode server_label', kept);

const body: Shape = fields({
  ...alike('model stream store background parallel_tool_calls max_output_tokens max_tool_calls temperature top_p top_logprobs', kept),
  ...alike('truncation service_tier prompt_cache_retention previous_response_id', kept),
  ...alike('instructions metadata user safety_identifier prompt_cache_key moderation', text),
  input: { item },
  include: keptList,
  reasoning: fields(alike('effort summary generate_summary context mode', kept)),
  text: fields({ verbosity: kept, format: fields({ type: kept, name: kept, description: text, schema, strict: kept }) }),
  tools: { item: tool },
  tool_choice: { ...fields({ ...chosenTool, tools: { item: fields(chosenTool) } }), value: 'kept' },
  conversation: { ...fields({ id: kept }), value: 'kept' },
  prompt: fields({ id: kept, version: kept, variables: text }),
  stream_options: fields({ include_obfuscation: kept }),
  image: fields({ context_compression: kept }),
  access_programs: fields({ cyber: kept }),
  prompt_cache_options: fields(alike('mode ttl prewarm comparison_response_id', kept)),
  context_management: { item: fields({ type: kept, compact_threshold: kept }) },
});

/** Every place in a request that a person may have written, in its order. */
export const requestTexts = (request: JsonNode): TextSpot[] => textSpots(request, body);
