import type { JsonNode } from '../../framing/json.ts';
import type { ChatRequest, Message, TextContent } from '../../llm/request.ts';
import type { Carried, RequestFacts } from '../protocol.ts';
import { Warnings } from '../warnings.ts';
import { bothCases, enumField, field, listField } from './wire-fields.ts';
import { decodeConfig } from './request-decode-config.ts';
import { decodeContents } from './request-decode-contents.ts';
import { decodeTools } from './request-decode-tools.ts';

const known = bothCases(['model', 'contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'labels', 'serviceTier']);

/** A client's request in canonical form. Whatever has no place there is named in a warning. Throws JsonFieldError where the API would refuse. */
export const decodeRequest = (body: JsonNode, { stream }: Pick<RequestFacts, 'stream'>): Carried<ChatRequest> => decodeGenerate(body, stream);

/** The same for a request that stands inside of another one. */
export function decodeGenerate(body: JsonNode, stream: boolean): Carried<ChatRequest> {
  const warnings = new Warnings();
  warnings.others(body, known);
  const request: ChatRequest = {
    stream,
    messages: [...systemMessages(body, warnings), ...decodeContents(listField(body, 'contents'), warnings)],
    tools: [],
    stop: [],
  };
  decodeTools(body, request, warnings);
  decodeConfig(body, request, warnings);
  decodeLabels(body, request);
  decodeServiceTier(body, request);
  return { value: request, warnings: warnings.list };
}

function systemMessages(body: JsonNode, warnings: Warnings): Message[] {
  const instruction = field(body, 'systemInstruction');
  if (instruction === undefined) return [];
  warnings.others(instruction, ['role', 'parts']);
  const content = listField(instruction, 'parts').flatMap((part): TextContent[] => {
    const text = field(part, 'text');
    warnings.others(part, ['text']);
    return text === undefined || text.string() === '' ? [] : [{ type: 'text', text: text.string() }];
  });
  return content.length === 0 ? [] : [{ role: 'system', content }];
}

function decodeLabels(body: JsonNode, request: ChatRequest): void {
  const labels = field(body, 'labels');
  if (labels === undefined) return;
  request.metadata = Object.fromEntries([...labels.fields()].map(({ value }) => [String(value.name), value.string()]));
}

/** The standard tier is what there is without a word of it. */
function decodeServiceTier(body: JsonNode, request: ChatRequest): void {
  const tier = enumField(body, 'serviceTier')?.toLowerCase();
  if (tier !== undefined && tier !== 'standard') request.serviceTier = tier;
}
