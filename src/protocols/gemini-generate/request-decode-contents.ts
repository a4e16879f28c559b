import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { AssistantContent, Message, ObjectText, ReasoningContent, UserContent } from '../../llm/request.ts';
import type { OpaqueState } from '../../llm/state.ts';
import { objectText } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';
import { CallIds } from './request-call-ids.ts';
import { booleanField, bothCases, field, listField, stringField } from './wire-fields.ts';
import { mediaContent } from './request-decode-media.ts';
import { isPlaceholder, readSignature } from './wire-signature.ts';

/** The conversation as messages. Contents of one side in a row are one turn: a client that streamed keeps a content for each event. */
export function decodeContents(contents: readonly JsonNode[], warnings: Warnings): Message[] {
  const context: Context = { ids: new CallIds(contents.flatMap(givenIds)), warnings };
  return turnsOf(contents, warnings).flatMap(({ isModel, parts }) => (isModel ? modelMessages(parts, context) : userMessages(parts, context)));
}

interface Context {
  ids: CallIds;
  warnings: Warnings;
}

interface Turn {
  isModel: boolean;
  parts: JsonNode[];
}

function turnsOf(contents: readonly JsonNode[], warnings: Warnings): Turn[] {
  const turns: Turn[] = [];
  for (const content of contents) {
    warnings.others(content, ['role', 'parts']);
    const isModel = isModels(content);
    const parts = listField(content, 'parts');
    const last = turns.at(-1);
    if (last?.isModel === isModel) last.parts.push(...parts);
    else turns.push({ isModel, parts });
  }
  return turns;
}

/** Roles but `user` and `model` are older ones, for what functions answered. */
function isModels(content: JsonNode): boolean {
  const role = field(content, 'role');
  switch (role?.string()) {
    case 'model':
      return true;
    case undefined:
    case '':
    case 'user':
    case 'function':
    case 'tool':
      return false;
    default:
      throw new JsonFieldError(role?.path ?? 'role', 'must be user or model');
  }
}

const givenIds = (content: JsonNode): string[] =>
  listField(content, 'parts').flatMap((part) => {
    const id = [field(part, 'functionCall'), field(part, 'functionResponse')].map((holder) => holder && stringField(holder, 'id'));
    return id.filter((each) => each !== undefined);
  });

/** What functions answered becomes messages of its own, before the rest: it answers the calls of the turn before. */
function userMessages(parts: readonly JsonNode[], context: Context): Message[] {
  const results: Message[] = [];
  const rest: UserContent[] = [];
  for (const part of parts) {
    const response = field(part, 'functionResponse');
    if (response === undefined) rest.push(...userContent(part, context));
    else {
      context.warnings.others(part, bothCases(['functionResponse', 'thoughtSignature']));
      results.push(toolResult(response, context));
    }
  }
  return rest.length === 0 ? results : [...results, { role: 'user', content: rest }];
}

function userContent(part: JsonNode, { warnings }: Context): UserContent[] {
  const text = field(part, 'text');
  if (text === undefined) return mediaContent(part, warnings);
  warnings.others(part, bothCases(['text', 'thought', 'thoughtSignature']));
  return text.string() === '' ? [] : [{ type: 'text', text: text.string() }];
}

const responseFields = bothCases(['id', 'name', 'response', 'parts']);

function toolResult(node: JsonNode, { ids, warnings }: Context): Message {
  warnings.others(node, responseFields);
  const response = field(node, 'response');
  const { text, isError } = response === undefined ? { text: '', isError: false } : readResponse(response);
  const media = listField(node, 'parts').flatMap((part) => mediaContent(part, warnings));
  return {
    role: 'tool',
    toolCallId: ids.answered(stringField(node, 'id'), stringField(node, 'name') ?? ''),
    content: [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...media],
    isError,
  };
}

/** What a function answered, as text: of an object that has nothing but an output or an error, that one (FunctionResponse.response); else its JSON. */
function readResponse(response: JsonNode): { text: string; isError: boolean } {
  const fields = [...response.fields()].map(({ value }) => value).filter(({ type }) => type !== 'null');
  const isError = fields.some(({ name }) => name === 'error');
  const [only] = fields;
  if (only === undefined) return { text: '', isError };
  const isWrapped = fields.length === 1 && only.type === 'string' && ['output', 'result', 'error'].includes(String(only.name));
  if (isWrapped) return { text: only.string(), isError };
  return { text: fields.length === 1 && isError ? only.text : response.text, isError };
}

/** Neighbouring pieces of text, and of thought, are one. */
function modelMessages(parts: readonly JsonNode[], context: Context): Message[] {
  const content: AssistantContent[] = [];
  for (const part of parts) for (const item of modelContent(part, context)) append(content, item);
  return content.length === 0 ? [] : [{ role: 'assistant', content }];
}

function append(content: AssistantContent[], item: AssistantContent): void {
  const last = content.at(-1);
  if (item.type === 'text' && last?.type === 'text') last.text += item.text;
  else if (item.type === 'reasoning' && item.text !== '' && last?.type === 'reasoning' && last.state === undefined) {
    last.text += item.text;
    if (item.state !== undefined) last.state = item.state;
  } else if (item.type === 'reasoning' && item.text === '' && last?.type === 'reasoning' && last.state === undefined && item.state !== undefined) {
    last.state = item.state;
  } else content.push(item);
}

function modelContent(part: JsonNode, context: Context): AssistantContent[] {
  const { warnings } = context;
  const call = field(part, 'functionCall');
  if (call !== undefined) return [toolCall(part, call, context)];
  const text = field(part, 'text')?.string();
  if (text === undefined) {
    warnings.add(part, 'what a model said has no counterpart in other protocols but for text, thoughts and function calls; this is left out');
    return [];
  }
  warnings.others(part, bothCases(['text', 'thought', 'thoughtSignature']));
  const state = signatureOf(part);
  if (booleanField(part, 'thought') === true) return text === '' && state === undefined ? [] : [thought(text, state)];
  return [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...(state === undefined ? [] : [thought('', state)])];
}

const thought = (text: string, state: OpaqueState | undefined): ReasoningContent => ({
  type: 'reasoning',
  text,
  ...(state !== undefined && { state }),
});

const callFields = bothCases(['id', 'name', 'args']);

function toolCall(part: JsonNode, call: JsonNode, { ids, warnings }: Context): AssistantContent {
  warnings.others(part, bothCases(['functionCall', 'thought', 'thoughtSignature']));
  warnings.others(call, callFields);
  const name = stringField(call, 'name') ?? '';
  if (name === '') throw new JsonFieldError(`${call.path}.name`, 'is required');
  const args = field(call, 'args');
  const state = signatureOf(part);
  return {
    type: 'tool-call',
    id: ids.idOf(stringField(call, 'id'), name),
    name,
    arguments: args === undefined ? ('{}' as ObjectText) : objectText(args),
    ...(state !== undefined && { state }),
  };
}

function signatureOf(part: JsonNode): OpaqueState | undefined {
  const signature = stringField(part, 'thoughtSignature') ?? '';
  return signature === '' || isPlaceholder(signature) ? undefined : { origin: 'google', kind: 'signature', value: readSignature(signature) };
}
