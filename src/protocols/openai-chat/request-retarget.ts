import { optional } from '../../framing/json-fields.ts';
import { writeJson, type Writable } from '../../framing/json-write.ts';
import type { JsonNode } from '../../framing/json.ts';
import { addField, removeFields, renameField, replaceValue, type Edit } from '../../framing/splice.ts';
import type { ObjectText, ReasoningEffort } from '../../llm/request.ts';
import { modelEdits } from '../asked-model.ts';
import type { Carried, Quirks, RequestFacts, Target } from '../protocol.ts';
import { Warnings } from '../warnings.ts';
import { efforts } from './request-fields.ts';
import { jsonInstruction, renames, writeReasoning } from './request-quirks.ts';
import { retargetMessages } from './request-retarget-messages.ts';

/** The model's name, for a stream the usage chunk (without it nobody knows what the answer cost), and what else this server has otherwise than OpenAI. */
export function retarget(body: JsonNode, facts: RequestFacts, { model, quirks }: Target): Carried<Edit[]> {
  const changes: Changes = { body, edits: modelEdits(body, model), removed: new Set(), warnings: new Warnings() };
  retargetFields(changes, quirks);
  retargetStop(changes, quirks);
  retargetReasoning(changes, quirks);
  retargetFormat(changes, quirks);
  askForUsage(changes, facts, quirks);
  changes.edits.push(...retargetMessages(body, quirks, changes.warnings), ...removeFields(body, changes.removed));
  return { value: changes.edits, warnings: changes.warnings.list };
}

/** What is changed in a body. No edit may touch a field that is removed. */
interface Changes {
  body: JsonNode;
  edits: Edit[];
  /** Fields at the top of the body that go. */
  removed: Set<string>;
  warnings: Warnings;
}

/** Fields that have another name here, or are refused. */
function retargetFields({ body, edits, removed, warnings }: Changes, quirks: Quirks): void {
  const names = renames(quirks);
  const refused = new Set(quirks.refusedFields);
  if (names.size === 0 && refused.size === 0) return;
  for (const { key, value } of body.fields()) {
    const field = String(value.name);
    const name = names.get(field);
    if (refused.has(field) || (name !== undefined && refused.has(name))) {
      if (value.type !== 'null' && !removed.has(field) && !isAnswered(field, quirks)) warnings.add(value, 'is not taken by this provider');
      removed.add(field);
    } else if (name !== undefined && optional(body, name) !== undefined) {
      if (value.type !== 'null') warnings.add(value, `gives way to ${name}`);
      removed.add(field);
    } else if (name !== undefined) {
      if (body.get(name) !== undefined) removed.add(name); // null, which says nothing
      edits.push(renameField(key, name));
    }
  }
}

/** Whoever asks for the usage of a stream has it at servers that always give it. */
const isAnswered = (field: string, { usageInStream = 'asked' }: Quirks): boolean => field === 'stream_options' && usageInStream !== 'asked';

function retargetStop({ body, edits, removed }: Changes, { stopList }: Quirks): void {
  const stop = stopList === true && !removed.has('stop') ? body.get('stop') : undefined;
  if (stop?.type === 'string') edits.push(replaceValue(stop, `[${stop.text}]`));
}

/** The effort in the words of this server. */
function retargetReasoning({ body, edits, removed, warnings }: Changes, quirks: Quirks): void {
  if (quirks.reasoningParameter === undefined && quirks.reasoningEfforts === undefined) return;
  const node = optional(body, 'reasoning_effort');
  if (node?.type !== 'string' || removed.has('reasoning_effort')) return;
  const effort = efforts.find((known): known is ReasoningEffort => known === node.string());
  if (effort === undefined) return; // a word of the server's own
  const { fields, lost } = writeReasoning({ effort }, quirks);
  if (lost !== undefined) warnings.add(node, lost);
  const { reasoning_effort: same, ...others } = fields;
  if (same === undefined) removed.add('reasoning_effort');
  else if (same !== effort) edits.push(replaceValue(node, writeJson(same)));
  // Who sends the server's own field knows better.
  for (const [field, value] of Object.entries(others)) if (body.get(field) === undefined) edits.push(addField(body, field, writeJson(value)));
}

/** Where the server knows no schemas, the model is told of it. */
function retargetFormat({ body, edits, removed, warnings }: Changes, { jsonSchema }: Quirks): void {
  if (jsonSchema !== false || removed.has('response_format')) return;
  const format = optional(body, 'response_format');
  if (format?.type !== 'object' || format.get('type')?.text !== '"json_schema"') return;
  const named = optional(format, 'json_schema');
  const schema = named?.type === 'object' ? optional(named, 'schema') : undefined;
  warnings.add(format, 'the provider knows no schemas: it stands in the prompt, and nobody enforces it');
  edits.push(replaceValue(format, '{"type":"json_object"}'));
  const instruction = schema?.type === 'object' ? jsonInstruction(schema.text as ObjectText) : jsonInstruction();
  edits.push(addFirst(body.get('messages') ?? body, { role: 'system', content: instruction }));
}

/** Puts a value in front of the items of an array, which has some. */
const addFirst = (array: JsonNode, value: Writable): Edit => ({ start: array.start + 1, end: array.start + 1, text: `${writeJson(value)},` });

function askForUsage({ body, edits, removed }: Changes, { stream, wantsUsage }: RequestFacts, { usageInStream, refusedFields }: Quirks): void {
  const options = body.get('stream_options');
  if (usageInStream === 'never-ask' && options !== undefined) removed.add('stream_options');
  const isRefused = refusedFields?.includes('stream_options') === true;
  if (!stream || wantsUsage || isRefused || (usageInStream ?? 'asked') !== 'asked') return;
  const include = options?.type === 'object' ? options.get('include_usage') : undefined;
  if (options === undefined) edits.push(addField(body, 'stream_options', '{"include_usage":true}'));
  else if (options.type === 'null') edits.push(replaceValue(options, '{"include_usage":true}'));
  else edits.push(include === undefined ? addField(options, 'include_usage', 'true') : replaceValue(include, 'true'));
}
