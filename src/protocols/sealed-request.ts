import { hash } from 'node:crypto';
import { replaceValue } from '../framing/splice.ts';
import type { AssistantContent, ChatRequest, Message, ReasoningContent, ToolCallContent, Warning } from '../llm/request.ts';
import type { ClientRequest } from './client-request.ts';
import type { Carried, StateSpot } from './protocol.ts';
import { sealPrefix, sealPrefixInBase64, type Seal } from './seal.ts';

/** Nearly no request holds sealed state: this is all that those others pay. */
const holdsSealed = ({ bytes }: ClientRequest): boolean => bytes.includes(sealPrefix) || bytes.includes(sealPrefixInBase64);

const lost = "cannot be opened here (it is not ours, was changed, or is another tenant's)";

/**
 * The canonical form with the state that earlier answers had sealed: ids of tool calls are the provider's own again, and reasoning stands where it was.
 * What cannot be opened is left out, with a warning.
 */
export function withSealedState(request: ClientRequest, seal: Seal): Carried<unknown> {
  const decoded = request.decoded();
  const { operation } = request.protocol;
  if ((operation !== 'chat' && operation !== 'count-tokens') || !holdsSealed(request)) return decoded;
  const chat = decoded.value as ChatRequest; // what protocols of these operations decode to
  const warnings = [...decoded.warnings];
  const messages = chat.messages.map((message, index) => unsealed(message, `messages[${index}]`, { seal, warnings }));
  return { value: { ...chat, messages } satisfies ChatRequest, warnings };
}

interface Context {
  seal: Seal;
  warnings: Warning[];
}

function unsealed(message: Message, field: string, context: Context): Message {
  if (message.role === 'tool') return { ...message, toolCallId: plainId(message.toolCallId, context.seal) };
  if (message.role !== 'assistant') return message;
  const content = message.content.flatMap((item): AssistantContent[] => {
    if (item.type === 'tool-call') return unsealedCall(item, field, context);
    if (item.type === 'reasoning') return unsealedReasoning(item, field, context);
    return [item];
  });
  return { ...message, content: withoutEchoes(content) };
}

/** Some clients also echo the text of reasoning whose state came back in the id of a call: once is enough. */
function withoutEchoes(content: AssistantContent[]): AssistantContent[] {
  const signed = content.flatMap((item) => (item.type === 'reasoning' && item.state !== undefined ? [item.text] : []));
  const whole = signed.join('');
  return content.filter((item) => item.type !== 'reasoning' || item.state !== undefined || signed.length === 0 || item.text !== whole);
}

function unsealedCall(call: ToolCallContent, field: string, { seal, warnings }: Context): AssistantContent[] {
  if (call.state?.value.startsWith(sealPrefix) === true) {
    const opened = seal.open(call.state.value);
    const { state: _, ...rest } = call;
    if (opened?.type === 'state') return [{ ...rest, state: opened.state }];
    warnings.push({ field, detail: `has a tool call whose state ${lost}` });
    return [rest];
  }
  if (!call.id.startsWith(sealPrefix)) return [call];
  const opened = seal.open(call.id);
  if (opened?.type !== 'call') {
    warnings.push({ field, detail: `has a tool call whose id ${lost}` });
    return [{ ...call, id: plainId(call.id, seal) }];
  }
  const { id, state, reasoning = [] } = opened;
  return [...reasoning.map((block): ReasoningContent => ({ type: 'reasoning', ...block })), { ...call, id, ...(state !== undefined && { state }) }];
}

function unsealedReasoning(item: ReasoningContent, field: string, { seal, warnings }: Context): AssistantContent[] {
  if (item.state?.value.startsWith(sealPrefix) !== true) return [item];
  const opened = seal.open(item.state.value);
  if (opened?.type === 'state') return [{ ...item, state: opened.state }];
  if (opened?.type === 'unsigned') return [{ type: 'reasoning', text: item.text }];
  warnings.push({ field, detail: `has reasoning whose state ${lost}` });
  return [];
}

/** The provider's own id of a tool call; of one that cannot be opened a short one, the same for the call and its result. */
function plainId(id: string, seal: Seal): string {
  if (!id.startsWith(sealPrefix)) return id;
  const opened = seal.open(id);
  return opened?.type === 'call' ? opened.id : `call_${hash('sha256', id, 'hex').slice(0, 24)}`;
}

/** A request for a provider of the client's own protocol, which has never seen what we sealed: ids and state are its own again, reasoning of other makers is taken out. */
export function withOwnState(request: ClientRequest, seal: Seal): Carried<ClientRequest> {
  if (!holdsSealed(request)) return { value: request, warnings: [] };
  const { protocol } = request;
  const edits = protocol.stateSpots(request.body).flatMap((spot) => {
    const text = sealedText(spot);
    if (!text.startsWith(sealPrefix)) return [];
    if (spot.kind === 'call-id') return [replaceValue(spot.node, JSON.stringify(plainId(text, seal)))];
    const opened = seal.open(text);
    const isOwn = opened?.type === 'state' && opened.state.origin === protocol.carries.origin;
    const value = isOwn ? opened.state.value : spot.otherwise;
    return value === undefined ? [] : [replaceValue(spot.node, JSON.stringify(value))];
  });
  return withoutForeign(request.edited(edits));
}

const sealedText = (spot: StateSpot): string => (spot.kind === 'state' ? spot.value : undefined) ?? spot.node.string();

/** Takes out the blocks whose state is still sealed. */
function withoutForeign(request: ClientRequest): Carried<ClientRequest> {
  const foreign = request.protocol
    .stateSpots(request.body)
    .filter((spot): spot is Extract<StateSpot, { kind: 'state' }> => spot.kind === 'state' && sealedText(spot).startsWith(sealPrefix));
  const warnings = foreign.map(({ item }): Warning => ({ field: item.path, detail: 'is reasoning of another maker and is left out' }));
  const removed = new Set(foreign.map(({ item }) => item.start));
  const lists = new Map(foreign.map(({ list }) => [list.start, list]));
  const edits = [...lists.values()].map((list) => {
    const kept = list.items().filter((item) => !removed.has(item.start));
    return replaceValue(list, `[${kept.map(({ text }) => text).join(',')}]`);
  });
  return { value: request.edited(edits), warnings };
}
