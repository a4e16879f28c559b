import type { JsonNode } from '../../framing/json.ts';
import type { TextSpot } from '../protocol.ts';
import { alike, base64, fields, kept, keptList, schema, text, texts, textSpots, type Shape } from '../text-spots.ts';

const cacheControl: Shape = fields({ type: kept, ttl: kept });

/** A block, what a result holds, or a citation: their fields have the same meaning wherever they stand. */
const block: Shape = { field: (key) => blockFields.get(key), fieldOfType: (type, key) => blockFieldsOfType(type)?.get(key) };
const content: Shape = { ...block, item: block };

/**
 * Where a file or a document is; in a search result, a string. URLs are text: they may carry an address or an account,
 * and the provider then cannot fetch them, but learns nothing either.
 */
const source: Shape = {
  ...fields({ type: kept, media_type: kept, file_id: kept, data: text, url: text, content }),
  fieldOfType: (type, key) => (type === 'base64' && key === 'data' ? base64 : undefined),
};

const blockFields = new Map<string, Shape>(
  Object.entries({
    // Ids and names that must match elsewhere, and what the API verifies.
    ...alike('type id tool_use_id tool_id file_id toolset_name error_code file_type', kept),
    ...alike('signature encrypted_content encrypted_index encrypted_stdout', kept),
    ...alike('is_error enabled return_code num_lines start_line total_lines old_start old_lines new_start new_lines', kept),
    ...alike('start_char_index end_char_index start_page_number end_page_number', kept),
    ...alike('document_index search_result_index start_block_index end_block_index', kept),
    ...alike('text thinking title context input name cited_text document_title url stdout stderr lines page_age retrieved_at', text),
    source,
    content,
    citations: content,
    caller: content,
    tool_references: content,
    cache_control: cacheControl,
    transformations: fields({ oversized_image: kept }),
  }),
);

const toolCallFields = new Map([
  ['name', kept],
  ['server_name', kept],
] as const);
const toolReferenceFields = new Map([['tool_name', kept]] as const);
const redactedThinkingFields = new Map([['data', kept]] as const);

function blockFieldsOfType(type: string): ReadonlyMap<string, Shape> | undefined {
  if (type.endsWith('tool_use')) return toolCallFields;
  if (type === 'tool_reference') return toolReferenceFields;
  return type === 'redacted_thinking' ? redactedThinkingFields : undefined;
}

const tool: Shape = fields({
  ...alike('type name strict defer_loading eager_input_streaming', kept),
  ...alike('max_uses max_characters max_content_tokens use_cache response_inclusion display_width_px display_height_px display_number', kept),
  ...alike('description input_examples allowed_domains blocked_domains user_location', text),
  input_schema: schema,
  allowed_callers: keptList,
  citations: fields({ enabled: kept }),
  cache_control: cacheControl,
});

const toolConfiguration: Shape = fields({ enabled: kept, allowed_tools: keptList });
const mcpServer: Shape = fields({ ...alike('type name authorization_token', kept), url: text, tool_configuration: toolConfiguration });
const outputFormat: Shape = fields({ type: kept, schema });

const body: Shape = fields({
  ...alike('model max_tokens stream temperature top_p top_k service_tier inference_geo speed workspace_id', kept),
  ...alike('metadata user_profile_id', text),
  messages: { item: fields({ role: kept, content }) },
  system: content,
  tools: { item: tool },
  tool_choice: fields({ type: kept, name: kept, disable_parallel_tool_use: kept }),
  thinking: fields({ type: kept, budget_tokens: kept, display: kept }),
  output_config: fields({ effort: kept, format: outputFormat }),
  output_format: outputFormat,
  cache_control: cacheControl,
  mcp_servers: { item: mcpServer },
  container: { ...fields({ id: kept, skills: { item: fields({ type: kept, skill_id: kept, version: kept }) } }), value: 'kept' },
  diagnostics: fields({ previous_message_id: kept }),
  stop_sequences: texts,
});

/** Every place in a request that a person may have written, in its order. */
export const requestTexts = (request: JsonNode): TextSpot[] => textSpots(request, body);
