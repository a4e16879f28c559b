import { geminiFault, geminiFaultAt } from './error.ts';
import { isMediaType } from './media.ts';
import { continuesModelTurn, givesCallIds, needsSignatures } from './models.ts';
import { callsOf, responsesOf } from './request.ts';
import type { GeminiContent, GeminiPart, GeminiRequest } from './request.ts';
import { dataFields } from './shape.ts';
import { isSignature } from './signature.ts';
import type { Refusal, Rule } from '../vendor.ts';

/** What each content must be like by itself. */
export const partRules: readonly Rule<GeminiRequest>[] = [
  {
    name: 'there is something to answer',
    check: ({ body }) => (body.contents?.length ? undefined : geminiFaultAt('contents', 'contents is not specified')),
  },
  { name: 'the roles are user and model, and Vertex wants to be told', check: checkRoles },
  { name: 'each content has parts, and each part has data', check: checkParts },
  { name: 'the system instruction is text', check: checkSystemInstruction },
  { name: 'media have a type that is read, and a place', check: checkMedia },
];

/** What a conversation must be like (https://ai.google.dev/gemini-api/docs/function-calling). */
export const contentRules: readonly Rule<GeminiRequest>[] = [
  ...partRules,
  { name: 'calls are the model’s and responses the user’s', check: checkOwners },
  { name: 'a call turn comes right after a user’s, or after responses', check: checkCallTurns },
  { name: 'a call turn is followed by its responses, as many and with the same names', check: checkResponses },
  { name: 'responses come back under the ids of their calls, where the model gives ids', check: checkIds },
  { name: 'the last turn is the user’s, for models that do not go on with their own', check: checkLastTurn },
  { name: 'signatures come back as they were', check: checkSignatures },
  { name: 'calls of the current turn bring their signature, for models that need it', check: checkMissingSignatures },
];

const contentsOf = ({ body }: GeminiRequest): readonly GeminiContent[] => body.contents ?? [];

const isModel = ({ role }: GeminiContent): boolean => role === 'model';

/** Contents of one role in a row, which the API takes as one: a client that streams may keep a content for each event. */
function turnsOf(request: GeminiRequest): GeminiContent[] {
  const turns: GeminiContent[] = [];
  for (const content of contentsOf(request)) {
    const last = turns.at(-1);
    if (last && isModel(last) === isModel(content)) turns[turns.length - 1] = { ...last, parts: [...(last.parts ?? []), ...(content.parts ?? [])] };
    else turns.push(content);
  }
  return turns;
}

function checkRoles(request: GeminiRequest): Refusal | undefined {
  const known = request.dialect === 'Vertex' ? ['user', 'model'] : ['user', 'model', undefined];
  const isWrong = contentsOf(request).some(({ role }) => !known.includes(role));
  return isWrong ? geminiFault('Please use a valid role: user, model.') : undefined;
}

function checkParts(request: GeminiRequest): Refusal | undefined {
  for (const [at, { parts = [] }] of contentsOf(request).entries()) {
    if (parts.length === 0) return geminiFaultAt(`contents[${at}].parts`, 'contents.parts must not be empty.');
    const empty = parts.findIndex((part) => !dataFields.some((field) => part[field] !== undefined));
    if (empty >= 0) return noData(`contents[${at}].parts[${empty}]`);
  }
  // A stream of the model's ends with empty text, which its client may keep; nowhere else is text empty.
  const isEmpty = ({ text, thoughtSignature }: GeminiPart): boolean => text === '' && thoughtSignature === undefined;
  const isRefused = turnsOf(request).some((turn) => (isModel(turn) ? turn.parts?.every(isEmpty) : turn.parts?.some(isEmpty)));
  return isRefused ? geminiFault('Unable to submit request because it has an empty text parameter.') : undefined;
}

const noData = (place: string): Refusal => geminiFaultAt(`${place}.data`, "required oneof field 'data' must have one initialized field");

function checkSystemInstruction({ body }: GeminiRequest): Refusal | undefined {
  if (!body.systemInstruction) return undefined;
  const { parts = [] } = body.systemInstruction;
  if (parts.length === 0) return geminiFaultAt('system_instruction.parts', 'must not be empty.');
  const empty = parts.findIndex(({ text = '' }) => text === '');
  return empty < 0 ? undefined : noData(`system_instruction.parts[${empty}]`);
}

function checkOwners(request: GeminiRequest): Refusal | undefined {
  for (const content of contentsOf(request)) {
    if (!isModel(content) && callsOf(content).length > 0) return geminiFault('Please ensure that function calls come from the role model.');
    if (isModel(content) && responsesOf(content).length > 0) return geminiFault('Please ensure that function responses come from the role user.');
    if ([...callsOf(content), ...responsesOf(content)].some(({ name = '' }) => name === '')) {
      return geminiFault('Please ensure that each function call and each function response has a name.');
    }
  }
  return undefined;
}

function checkCallTurns(request: GeminiRequest): Refusal | undefined {
  const [first] = turnsOf(request);
  if (!first || callsOf(first).length === 0) return undefined;
  return geminiFault('Please ensure that function call turn comes immediately after a user turn or after a function response turn.');
}

function checkResponses(request: GeminiRequest): Refusal | undefined {
  const turns = turnsOf(request);
  for (const [at, turn] of turns.entries()) {
    const calls = callsOf(turns[at - 1] ?? {});
    const responses = responsesOf(turn);
    const isLate = responses.length > 0 && !turn.parts?.[0]?.functionResponse;
    if (responses.length > 0 && (calls.length === 0 || isLate)) {
      return geminiFault('Please ensure that function response turn comes immediately after a function call turn.');
    }
    if (calls.length !== responses.length) return unequal;
    if (namesOf(calls) !== namesOf(responses)) {
      return geminiFault('Please ensure that the names of the function response parts are those of the function call parts.');
    }
  }
  return callsOf(turns.at(-1) ?? {}).length > 0 ? unequal : undefined;
}

const unequal = geminiFault(
  'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
);

const namesOf = (items: readonly { name?: string }[]): string =>
  items
    .map(({ name = '' }) => name)
    .toSorted()
    .join(' ');

function checkIds(request: GeminiRequest): Refusal | undefined {
  if (!givesCallIds(request.model)) return undefined;
  const turns = turnsOf(request);
  const isWrong = turns.some((turn, at) => {
    const calls = callsOf(turns[at - 1] ?? {});
    return responsesOf(turn).some(({ id, name }) => !calls.some((call) => call.id === id && call.name === name));
  });
  return isWrong ? geminiFault('functionResponse.id does not match functionCall.id') : undefined;
}

function checkLastTurn(request: GeminiRequest): Refusal | undefined {
  const last = contentsOf(request).at(-1);
  if (!last || !isModel(last) || continuesModelTurn(request.model)) return undefined;
  return geminiFault('Please ensure that the last turn is one of the user: this model does not go on with a turn of its own.');
}

function checkMedia(request: GeminiRequest): Refusal | undefined {
  for (const part of contentsOf(request).flatMap(({ parts = [] }) => parts)) {
    const refusal = [part, ...(part.functionResponse?.parts ?? [])].map((holder) => checkOneMedium(request, holder)).find(Boolean);
    if (refusal) return refusal;
  }
  return undefined;
}

function checkOneMedium({ dialect }: GeminiRequest, { inlineData, fileData }: GeminiPart): Refusal | undefined {
  if (inlineData) {
    if (!isMediaType(inlineData.mimeType)) return geminiFault(`Unsupported MIME type: ${inlineData.mimeType ?? ''}`);
    if ((inlineData.data ?? '') === '') return geminiFault('Unable to process input: inline data is empty.');
  }
  if (!fileData) return undefined;
  const { mimeType, fileUri = '' } = fileData;
  if (!/^(https|gs):\/\/[^\s/]+\/\S/.test(fileUri)) return geminiFault(`Unsupported file URI: ${fileUri}`);
  const isKnown = mimeType === undefined ? dialect === 'Gemini' : isMediaType(mimeType);
  return isKnown ? undefined : geminiFault(`Unsupported MIME type: ${mimeType ?? ''}`);
}

function checkSignatures(request: GeminiRequest): Refusal | undefined {
  const isCorrupted = contentsOf(request)
    .flatMap(({ parts = [] }) => parts)
    .some(
      ({ thoughtSignature, functionCall }) => thoughtSignature !== undefined && !isSignature(request.dialect, thoughtSignature, functionCall?.name),
    );
  return isCorrupted ? geminiFault('Corrupted thought signature.') : undefined;
}

/** The current turn of the conversation begins with what a person wrote last. Parallel calls have one signature, on the first of them. */
function checkMissingSignatures(request: GeminiRequest): Refusal | undefined {
  if (!needsSignatures(request.model)) return undefined;
  const turns = turnsOf(request);
  const start = turns.findLastIndex((turn) => !isModel(turn) && responsesOf(turn).length === 0);
  for (const [at, { parts = [] }] of turns.entries()) {
    const first = parts.find(({ functionCall }) => functionCall);
    if (at > start && first && first.thoughtSignature === undefined) {
      return geminiFault(
        `Function call is missing a thought_signature in functionCall parts: function call \`default_api:${first.functionCall?.name}\`, position ${at + 1}. ` +
          'See https://ai.google.dev/gemini-api/docs/thought-signatures.',
      );
    }
  }
  return undefined;
}
