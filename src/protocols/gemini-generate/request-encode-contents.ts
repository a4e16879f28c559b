import { RawJson, type Writable } from '../../framing/json-write.ts';
import type { AssistantContent, Message, TextContent, Warning } from '../../llm/request.ts';
import { continuesModelTurn, takesResponseMedia, wantsSignatures } from './request-models.ts';
import { mediaPart, type WrittenPart } from './request-encode-media.ts';
import { noSignature, writeSignature } from './wire-signature.ts';

/** The conversation as Gemini takes it. */
export interface WrittenConversation {
  systemInstruction: Writable;
  contents: Writable[];
}

interface Call {
  id: string;
  name: string;
  part: WrittenPart;
}

/** One turn of the conversation: those of the two sides alternate, and what functions answered stands before all else that a user says. */
type Turn =
  | { role: 'model'; parts: WrittenPart[]; calls: Call[] }
  | { role: 'user'; parts: WrittenPart[]; results: { callId: string; part: WrittenPart }[] };

/** Takes the turn of an empty place at the start: the API wants a conversation to begin with the user. */
const openingText = '(The conversation begins with the assistant.)';
/** Takes the turn of an empty place at the end, for models that do not go on with a turn of their own. */
const closingText = 'Continue.';

/** Writes messages as contents: the leading system messages as the instruction, the results of calls right after them. */
export function encodeContents(messages: readonly Message[], model: string, warnings: Warning[]): WrittenConversation {
  const leading = messages.findIndex(({ role }) => role !== 'system');
  const head = leading === -1 ? messages : messages.slice(0, leading);
  const system = head.flatMap((message) => (message.role === 'system' ? textParts(message.content) : []));
  const turns = encodeTurns(messages, head.length, { model, warnings, names: namesOfCalls(messages) });
  if (turns.length === 0 && system.length > 0) {
    const field = `messages[${messages.length - 1}]`;
    warnings.push({ field, detail: "is sent as the user's: the API takes no conversation of system messages alone" });
    turns.push({ role: 'user', results: [], parts: system.splice(-1) });
  }
  frame(turns, head.length, messages.length, model, warnings);
  if (wantsSignatures(model)) signCurrentTurn(turns);
  return { systemInstruction: system.length === 0 ? undefined : { parts: system }, contents: turns.flatMap(toContents) };
}

interface Context {
  model: string;
  warnings: Warning[];
  /** Names of functions by the ids of their calls. */
  names: ReadonlyMap<string, string>;
}

const namesOfCalls = (messages: readonly Message[]): Map<string, string> =>
  new Map(
    messages
      .flatMap((message) => (message.role === 'assistant' ? message.content : []))
      .flatMap((item) => (item.type === 'tool-call' ? [[item.id, item.name] as const] : [])),
  );

function encodeTurns(messages: readonly Message[], from: number, context: Context): Turn[] {
  const turns: Turn[] = [];
  messages.slice(from).forEach((message, index) => {
    const turn = encodeMessage(message, `messages[${from + index}]`, context);
    const last = turns.at(-1);
    if (turn.parts.length === 0 && (turn.role === 'model' || turn.results.length === 0)) return;
    if (last?.role === 'model' && turn.role === 'model') {
      last.parts.push(...turn.parts);
      last.calls.push(...turn.calls);
    } else if (last?.role === 'user' && turn.role === 'user') {
      last.parts.push(...turn.parts);
      last.results.push(...turn.results);
    } else turns.push(turn);
  });
  for (const [at, turn] of turns.entries()) if (turn.role === 'user') sortResults(turn, turns[at - 1]);
  return turns;
}

/** Puts results into the order of their calls. */
function sortResults(turn: Extract<Turn, { role: 'user' }>, before: Turn | undefined): void {
  const order = before?.role === 'model' ? before.calls.map(({ id }) => id) : [];
  const place = (id: string): number => (order.includes(id) ? order.indexOf(id) : order.length);
  turn.results.sort((a, b) => place(a.callId) - place(b.callId));
}

function encodeMessage(message: Message, field: string, context: Context): Turn {
  switch (message.role) {
    case 'system':
      context.warnings.push({ field, detail: 'a system message inside the conversation is sent as text of the user' });
      return { role: 'user', results: [], parts: textParts(message.content) };
    case 'user':
      return { role: 'user', results: [], parts: message.content.flatMap((item) => mediaPart(item, { ...context, field })) };
    case 'assistant':
      return encodeAssistant(message.content, field, context);
    case 'tool':
      return encodeResult(message, field, context);
  }
}

/** The API refuses a part without text; it says nothing anyway. */
const textParts = (content: readonly TextContent[]): WrittenPart[] => content.filter(({ text }) => text !== '').map(({ text }) => ({ text }));

function encodeAssistant(content: readonly AssistantContent[], field: string, { warnings }: Context): Turn {
  const turn: Extract<Turn, { role: 'model' }> = { role: 'model', parts: [], calls: [] };
  // Google signs its calls: the thoughts before them are a summary that nobody needs to send back.
  const isOwn = content.some((item) => item.type === 'tool-call' && item.state?.origin === 'google');
  for (const item of content) {
    const signature = item.type !== 'text' && item.state?.origin === 'google' ? { thoughtSignature: writeSignature(item.state.value) } : undefined;
    if (item.type === 'text') turn.parts.push(...textParts([item]));
    else if (item.type === 'tool-call') {
      const part = { functionCall: { id: item.id, name: item.name, args: new RawJson(item.arguments) }, ...signature };
      turn.parts.push(part);
      turn.calls.push({ id: item.id, name: item.name, part });
    } else if (signature === undefined) {
      if (!isOwn) warnings.push({ field, detail: 'has reasoning that Google did not sign; it is left out' });
    } else turn.parts.push(item.text === '' ? { text: '', ...signature } : { text: item.text, thought: true, ...signature });
  }
  return turn;
}

function encodeResult(message: Extract<Message, { role: 'tool' }>, field: string, context: Context): Turn {
  const { toolCallId: id, content, isError } = message;
  const text = content.flatMap((item) => (item.type === 'text' ? [item.text] : [])).join('\n');
  const media = content.filter((item) => item.type !== 'text').flatMap((item) => mediaPart(item, { ...context, field }));
  const name = context.names.get(id) ?? id;
  const isInside = takesResponseMedia(context.model);
  const inside = isInside ? media.filter((part) => !('text' in part)) : [];
  const beside = media.filter((part) => !inside.includes(part));
  if (beside.some((part) => !('text' in part))) {
    context.warnings.push({ field, detail: `${context.model} takes no media in function responses; they follow as the user's` });
  }
  const response = text === '' && !isError ? {} : { [isError ? 'error' : 'output']: text };
  const functionResponse = { id, name, response, ...(inside.length > 0 && { parts: inside }) };
  return {
    role: 'user',
    results: [{ callId: id, part: { functionResponse } }],
    parts: beside.length === 0 ? [] : [{ text: `From the result of ${name}:` }, ...beside],
  };
}

/** Lets the conversation begin with the user, and end there too, where the model wants it. */
function frame(turns: Turn[], first: number, length: number, model: string, warnings: Warning[]): void {
  if (turns[0]?.role === 'model') {
    warnings.push({
      field: `messages[${first}]`,
      detail: 'is preceded by a short user message: the API wants a conversation to begin with the user',
    });
    turns.unshift({ role: 'user', results: [], parts: [{ text: openingText }] });
  }
  const last = turns.at(-1);
  if (last?.role !== 'model' || last.calls.length > 0 || continuesModelTurn(model)) return;
  warnings.push({ field: `messages[${length - 1}]`, detail: `is followed by a short user message: ${model} does not continue its own turn` });
  turns.push({ role: 'user', results: [], parts: [{ text: closingText }] });
}

/** Since Gemini 3 the first call of each step after the user's last word must be signed; those of other models say that nobody did. */
function signCurrentTurn(turns: readonly Turn[]): void {
  const start = turns.findLastIndex((turn) => turn.role === 'user' && turn.results.length === 0);
  for (const turn of turns.slice(start + 1)) {
    const part = turn.role === 'model' ? turn.calls[0]?.part : undefined;
    if (part !== undefined) part['thoughtSignature'] ??= noSignature;
  }
}

/** Results stand alone in their content: some models count its parts against those of the calls. */
function toContents(turn: Turn): Writable[] {
  const { role, parts } = turn;
  const results = turn.role === 'user' ? turn.results.map(({ part }) => part) : [];
  return [results, parts].filter((each) => each.length > 0).map((each) => ({ role, parts: each }));
}
