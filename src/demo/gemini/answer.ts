import type { FinishReason } from '@google/genai';
import { cachedContentTokens } from './config-rules.ts';
import { givesCallIds } from './models.ts';
import { functionsOf, isThinking } from './request.ts';
import type { GeminiPart, GeminiRequest } from './request.ts';
import { signatureOf } from './signature.ts';
import type { Answer, Segment } from '../answer.ts';
import { isObject } from '../shape.ts';
import type { Reply, WireEvent } from '../vendor.ts';

type GeminiReply = Reply<GeminiRequest>;

/** One piece of an answer: what a stream sends in one event. A piece without a part is counted and not shown. */
interface Step {
  part?: GeminiPart;
  output: number;
  thoughts: number;
}

const finishReasons = {
  stop: 'STOP',
  'stop-sequence': 'STOP',
  length: 'MAX_TOKENS',
  'tool-calls': 'STOP',
  refusal: 'SAFETY',
} as const satisfies Record<Answer['finish'], `${FinishReason}`>;

/** A finish that begins so stands for a prompt that is blocked, and names the reason: `prompt:PROHIBITED_CONTENT`. */
const blockedPrompt = 'prompt:';

/** An answer as one `GenerateContentResponse`. */
export function geminiJson(reply: GeminiReply): unknown {
  const steps = signed(reply, toSteps(reply));
  return { ...toCandidates(reply, joined(steps), toFinish(reply)), ...ending(reply, steps) };
}

/** An answer as the responses of a stream, one per piece; the last says why it ends. Each has the totals of usage so far. */
export function geminiEvents(reply: GeminiReply): WireEvent[] {
  const finish = toFinish(reply);
  const steps = signed(reply, [...toSteps(reply), { part: { text: '' }, output: 0, thoughts: 0 }]);
  if (finish.isBlocked) return [{ data: geminiJson(reply) }];
  const events = steps.flatMap(({ part }, at): WireEvent[] => {
    if (!part) return [];
    const isLast = at === steps.length - 1;
    return [{ data: { ...toCandidates(reply, [part], isLast ? finish : {}), ...ending(reply, steps.slice(0, at + 1)) } }];
  });
  if (reply.strangers) events.splice(1, 0, { data: { notice: 'nobody knows this event', ...ending(reply, []) } });
  return events;
}

function toSteps({ request, answer }: GeminiReply): Step[] {
  const { thinkingConfig: { includeThoughts = false } = {}, responseMimeType } = request.body.generationConfig ?? {};
  // The composed text is JSON; of an enum the API gives the bare name.
  const bare = (text: string): string => (responseMimeType === 'text/x.enum' ? text.replaceAll('"', '') : text);
  return answer.segments.flatMap((segment): Step[] => {
    switch (segment.kind) {
      case 'reasoning':
        return segment.pieces.map((text) => ({
          ...(includeThoughts && !segment.isHidden ? { part: { text, thought: true } } : {}),
          output: 0,
          thoughts: 1,
        }));
      case 'text':
        return segment.pieces.map((text) => ({ part: { text: bare(text) }, output: 1, thoughts: 0 }));
      case 'refusal':
        return [{ output: segment.pieces.length, thoughts: 0 }];
      case 'tool-call':
        return [{ ...toCall(request, segment), output: segment.pieces.length, thoughts: 0 }];
    }
  });
}

/** A function call comes whole, or not at all where its arguments are no JSON object. */
function toCall({ model }: GeminiRequest, segment: Extract<Segment, { kind: 'tool-call' }>): { part?: GeminiPart } {
  const args = toArguments(segment);
  if (!args) return {};
  return { part: { functionCall: { ...(givesCallIds(model) ? { id: segment.id } : {}), name: segment.name, args } } };
}

function toArguments({ pieces }: Segment): Record<string, unknown> | undefined {
  try {
    const args: unknown = JSON.parse(pieces.join(''));
    return isObject(args) ? args : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Signs the one part that the model signs: since generation 3 the first function call, or the last part where nothing is called;
 * before, the first part, and only for requests that have functions.
 */
function signed({ id, request }: GeminiReply, steps: readonly Step[]): Step[] {
  const { dialect, model, body } = request;
  const isSpoken = ({ part }: Step): boolean => part !== undefined && part.thought !== true;
  const firstCall = steps.findIndex(({ part }) => part?.functionCall);
  const whereOthersSign = functionsOf(body).length > 0 && isThinking(request) ? steps.findIndex(isSpoken) : -1;
  const whereGeneration3Signs = firstCall >= 0 ? firstCall : steps.findLastIndex(isSpoken);
  const chosen = givesCallIds(model) ? whereGeneration3Signs : whereOthersSign;
  return steps.map((step, at) => {
    if (at !== chosen || !step.part) return step;
    return { ...step, part: { ...step.part, thoughtSignature: signatureOf(dialect, id, step.part.functionCall?.name) } };
  });
}

/** Joins pieces of text, and pieces of thought, that follow each other. */
function joined(steps: readonly Step[]): GeminiPart[] {
  const parts: GeminiPart[] = [];
  for (const { part } of steps) {
    const last = parts.at(-1);
    if (last?.text !== undefined && part?.text !== undefined && last.thought === part.thought) {
      parts[parts.length - 1] = { ...last, ...part, text: last.text + part.text };
    } else if (part) parts.push(part);
  }
  return parts;
}

interface Finish {
  isBlocked?: boolean;
  finishReason?: string;
  finishMessage?: string;
}

function toFinish({ answer }: GeminiReply): Finish {
  const { finish, finishAs, segments } = answer;
  if (finishAs?.startsWith(blockedPrompt)) return { isBlocked: true };
  const refusal = segments.find(({ kind }) => kind === 'refusal')?.pieces.join('');
  const isMalformed = finish === 'tool-calls' && segments.some((segment) => segment.kind === 'tool-call' && !toArguments(segment));
  const finishReason = finishAs ?? (isMalformed ? 'MALFORMED_FUNCTION_CALL' : finishReasons[finish]);
  const finishMessage = isMalformed ? 'The arguments of a function call are no JSON object.' : refusal;
  return { finishReason, ...(finishMessage === undefined ? {} : { finishMessage }) };
}

/** The candidates, all alike; or none, and why, where the prompt is blocked. */
function toCandidates(reply: GeminiReply, parts: readonly GeminiPart[], { isBlocked = false, ...finish }: Finish): object {
  const { request, answer } = reply;
  if (isBlocked) return { promptFeedback: { blockReason: answer.finishAs?.slice(blockedPrompt.length) } };
  const { candidateCount = 1, responseLogprobs = false, logprobs = 0 } = request.body.generationConfig ?? {};
  const candidate = {
    ...(parts.length > 0 ? { content: { parts, role: 'model' } } : {}),
    ...finish,
    ...(responseLogprobs ? toLogprobs(parts, logprobs) : {}),
    ...(finish.finishReason === 'SAFETY' ? { safetyRatings: [dangerous] } : {}),
    ...strange(reply),
  };
  return { candidates: Array.from({ length: candidateCount }, (_, index) => ({ ...candidate, index })) };
}

const dangerous = { category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'HIGH', blocked: true };

/** Every token is as sure as every other. */
function toLogprobs(parts: readonly GeminiPart[], alternatives: number): object {
  const tokens = parts.flatMap(({ text = '', thought }) => (text === '' || thought ? [] : [text]));
  const chosenCandidates = tokens.map((token, tokenId) => ({ token, tokenId, logProbability: -0.25 }));
  const topCandidates = chosenCandidates.map((chosen) => ({ candidates: alternatives > 0 ? [chosen] : [] }));
  return { avgLogprobs: -0.25, logprobsResult: { chosenCandidates, topCandidates } };
}

/** What ends every response: how much there was so far, and whose it is. */
function ending(reply: GeminiReply, steps: readonly Step[]): object {
  const { id, request, answer } = reply;
  const usage = answer.usage === 'none' ? {} : { usageMetadata: { ...toUsage(reply, steps), ...answer.usage } };
  return { ...usage, modelVersion: request.model, responseId: id, ...strange(reply) };
}

/** Counts that are nothing are left out, as proto3 JSON has it. */
function toUsage({ counts, request }: GeminiReply, steps: readonly Step[]): object {
  const explicit = request.body.cachedContent === undefined ? 0 : cachedContentTokens;
  const promptTokenCount = counts.input + explicit;
  const candidatesTokenCount = steps.reduce((sum, { output }) => sum + output, 0);
  const thoughtsTokenCount = steps.reduce((sum, { thoughts }) => sum + thoughts, 0);
  const cachedContentTokenCount = counts.cacheRead + explicit;
  const all = { promptTokenCount, candidatesTokenCount, thoughtsTokenCount, cachedContentTokenCount };
  return {
    ...Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0)),
    totalTokenCount: promptTokenCount + candidatesTokenCount + thoughtsTokenCount,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: promptTokenCount }],
    ...(cachedContentTokenCount > 0 ? { cacheTokensDetails: [{ modality: 'TEXT', tokenCount: cachedContentTokenCount }] } : {}),
  };
}

const strange = ({ strangers }: GeminiReply): object => (strangers ? { xDemo: { large: '12345678901234567890' } } : {});
