import type { JsonNode } from '../../framing/json.ts';
import { addField, removeFields, renameField, replaceValue, type Edit } from '../../framing/splice.ts';
import type { Quirks } from '../protocol.ts';
import type { Warnings } from '../warnings.ts';
import { stateSpots } from './request-state.ts';
import { toolCallIds } from './request-tool-call-ids.ts';

/** What changes in a client's messages for a server that has some of it otherwise. */
export function retargetMessages(body: JsonNode, quirks: Quirks, warnings: Warnings): Edit[] {
  const { systemRole, reasoningField, refusedMessageFields, strictTools, toolCallIds: format } = quirks;
  const edits: Edit[] = [];
  if (systemRole !== undefined || reasoningField !== undefined || refusedMessageFields !== undefined) {
    for (const message of body.get('messages')?.items() ?? []) {
      if (systemRole !== undefined) edits.push(...retargetRole(message, systemRole));
      edits.push(...retargetFields(message, quirks, warnings));
    }
  }
  if (strictTools === false) edits.push(...withoutStrict(body, warnings));
  if (format !== undefined) edits.push(...retargetIds(body, format));
  return edits;
}

function retargetRole(message: JsonNode, systemRole: string): Edit[] {
  const role = message.get('role');
  return role?.type === 'string' && role.string() === 'developer' ? [replaceValue(role, JSON.stringify(systemRole))] : [];
}

const reasoningFields = ['reasoning_content', 'reasoning', 'reasoning_details'];

/** Clients echo whole messages of answers, also those that another provider gave: reasoning goes into the server's own field, and what it refuses goes. */
function retargetFields(message: JsonNode, { reasoningField: own, refusedMessageFields = [] }: Quirks, warnings: Warnings): Edit[] {
  const refused = new Set([...refusedMessageFields, ...(own === undefined ? [] : reasoningFields.filter((field) => field !== own))]);
  const found = [...message.fields()].filter(({ value }) => refused.has(String(value.name)));
  const hasOwn = own !== undefined && message.get(own) !== undefined;
  const renamed = own === undefined || own === 'none' || hasOwn ? undefined : found.find(isReasoningText);
  const removed = found.filter((field) => field !== renamed && field.value.name !== renamed?.value.name);
  for (const { value } of removed) {
    const isSaidElsewhere = (hasOwn || renamed !== undefined) && reasoningFields.includes(String(value.name));
    if (value.type !== 'null' && !isSaidElsewhere && !isToolName(message, value)) warnings.add(value, 'is not taken by this provider');
  }
  return [
    ...(renamed === undefined || own === undefined ? [] : [renameField(renamed.key, own)]),
    ...(renamed === undefined && own === 'reasoning_content' ? demandedReasoning(message) : []),
    ...removeFields(message, new Set(removed.map(({ value }) => String(value.name)))),
  ];
}

/** The name of a result says once more which tool was called. */
const isToolName = (message: JsonNode, { name }: JsonNode): boolean => name === 'name' && message.get('role')?.text === '"tool"';

/** DeepSeek refuses a tool call without the field, whoever made the call; most clients do not echo it. */
function demandedReasoning(message: JsonNode): Edit[] {
  const said = message.get('reasoning_content');
  if (message.get('tool_calls')?.type !== 'array') return [];
  if (said === undefined) return [addField(message, 'reasoning_content', '""')];
  return said.type === 'null' ? [replaceValue(said, '""')] : [];
}

/** What one field says in text may stand in another. */
const isReasoningText = ({ value }: { value: JsonNode }): boolean =>
  value.type === 'string' && (value.name === 'reasoning_content' || value.name === 'reasoning');

function withoutStrict(body: JsonNode, warnings: Warnings): Edit[] {
  const tools = body.get('tools');
  if (tools?.type !== 'array') return [];
  return tools.items().flatMap((tool) => {
    const fn = tool.type === 'object' ? tool.get('function') : undefined;
    const strict = fn?.type === 'object' ? fn.get('strict') : undefined;
    if (fn === undefined || strict === undefined) return [];
    if (strict.type === 'true') warnings.add(strict, 'is not taken by this provider');
    return removeFields(fn, new Set(['strict']));
  });
}

function retargetIds(body: JsonNode, format: NonNullable<Quirks['toolCallIds']>): Edit[] {
  const nodes = stateSpots(body).flatMap((spot) => (spot.kind === 'call-id' ? [spot.node] : []));
  const idOf = toolCallIds(
    format,
    nodes.map((node) => node.string()),
  );
  return nodes.flatMap((node) => {
    const id = node.string();
    return idOf(id) === id ? [] : [replaceValue(node, JSON.stringify(idOf(id)))];
  });
}
