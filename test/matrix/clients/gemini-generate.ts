import { ApiError, FunctionCallingConfigMode, GoogleGenAI, ServiceTier, ThinkingLevel } from '@google/genai';
import type { Content as GeminiContent, GenerateContentConfig, GenerateContentResponse, Part } from '@google/genai';
import {
  Inexpressible,
  SdkError,
  textContent,
  write,
  type Client,
  type Content,
  type Ear,
  type Gateway,
  type Manner,
  type Said,
  type Session,
  type Writers,
} from '../conversation.ts';

function open({ url, key }: Gateway, model: string, ear: Ear): Session {
  const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url, fetch: ear.fetch } });
  const system: Part[] = [];
  const contents: GeminiContent[] = [];

  async function ask(config: GenerateContentConfig, { stream = false, signal, onDelta }: Manner): Promise<Said> {
    const request = {
      model,
      contents,
      config: { ...config, ...(system.length > 0 && { systemInstruction: { parts: system } }), ...(signal && { abortSignal: signal }) },
    };
    if (!stream) return take([await client.models.generateContent(request)], 0);
    const chunks: GenerateContentResponse[] = [];
    let deltas = 0;
    for await (const chunk of await client.models.generateContentStream(request)) {
      chunks.push(chunk);
      if (!partsOf(chunk).some(({ text = '', thought }) => text !== '' && thought !== true)) continue;
      deltas += 1;
      onDelta?.();
    }
    // A stream that is cut ends as one that is complete does; this is how its client can tell.
    if (chunks.every((chunk) => chunk.candidates?.[0]?.finishReason === undefined)) throw new Error('there is no finish reason');
    return take(chunks, deltas);
  }

  function take(chunks: readonly GenerateContentResponse[], deltas: number): Said {
    const parts = chunks.flatMap((chunk) => partsOf(chunk));
    const last = chunks.findLast((chunk) => chunk.candidates?.[0]?.finishReason !== undefined);
    const reason: string = last?.candidates?.[0]?.finishReason ?? '';
    const usage = chunks.findLast((chunk) => chunk.usageMetadata !== undefined)?.usageMetadata;
    const calls = parts.flatMap(({ functionCall }) =>
      functionCall ? [{ id: functionCall.id ?? functionCall.name ?? '', name: functionCall.name ?? '', arguments: functionCall.args ?? {} }] : [],
    );
    contents.push({ role: 'model', parts });
    return {
      text: textOf(parts),
      choices: (chunks[0]?.candidates ?? []).map((candidate) => textOf(candidate.content?.parts ?? [])),
      reasoning: parts.map(({ text = '', thought }) => (thought === true ? text : '')).join(''),
      calls,
      finish: calls.length > 0 && reason === 'STOP' ? 'tool-calls' : (finishes[reason] ?? 'refusal'),
      usage: usage && {
        input: usage.promptTokenCount ?? 0,
        output: (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
        cacheRead: usage.cachedContentTokenCount ?? 0,
        cacheWrite: 0,
        reasoning: usage.thoughtsTokenCount ?? 0,
      },
      logprobs: chunks.flatMap((chunk) => chunk.candidates?.[0]?.logprobsResult?.chosenCandidates ?? []).length,
      deltas,
    };
  }

  return {
    system(text, { isCached } = {}) {
      if (isCached || contents.length > 0) throw new Inexpressible('there is one instruction, before all turns');
      system.push({ text });
    },
    user: (...content) => void contents.push({ role: 'user', parts: content.map((item) => toPart(textContent(item))) }),
    results(...results) {
      const parts = results.map(({ call, text, isError, image }): Part => ({
        functionResponse: {
          ...(call.id !== call.name && { id: call.id }),
          name: call.name,
          response: isError ? { error: text } : { output: text },
          ...(image && { parts: [{ inlineData: { mimeType: image.mediaType, data: image.base64 } }] }),
        },
      }));
      contents.push({ role: 'user', parts });
    },
    async answer(options = {}, manner = {}) {
      if (manner.usage === false) throw new Inexpressible('usage is always there');
      const config = write<GenerateContentConfig>({}, options, writers);
      return ask(config, manner).catch((error: unknown) => {
        throw new SdkError(error, error instanceof ApiError ? error.status : undefined);
      });
    },
  };
}

export const geminiClient: Client = { name: 'gemini-generate', sdk: '@google/genai', protocol: 'gemini-generate', open };

const finishes: Readonly<Record<string, Said['finish']>> = { STOP: 'stop', MAX_TOKENS: 'length', OTHER: 'other' };

const partsOf = (response: GenerateContentResponse): Part[] => response.candidates?.[0]?.content?.parts ?? [];

const textOf = (parts: readonly Part[]): string => parts.map(({ text = '', thought }) => (thought === true ? '' : text)).join('');

function toPart(content: Content): Part {
  switch (content.type) {
    case 'text':
      if (content.isCached) throw new Inexpressible('cached content is an object of its own');
      return { text: content.text };
    case 'image-url':
      return { fileData: { fileUri: content.url, mimeType: 'image/png' } };
    case 'image':
    case 'document':
    case 'audio':
      return { inlineData: { mimeType: content.mediaType, data: content.base64 } };
  }
}

const modes = { auto: FunctionCallingConfigMode.AUTO, none: FunctionCallingConfigMode.NONE, required: FunctionCallingConfigMode.ANY } as const;
const levels = { low: ThinkingLevel.LOW, medium: ThinkingLevel.MEDIUM, high: ThinkingLevel.HIGH } as const;

const writers: Writers<GenerateContentConfig> = {
  tools: (tools) => ({
    tools: [{ functionDeclarations: tools.map(({ name, description, parameters }) => ({ name, description, parametersJsonSchema: parameters })) }],
  }),
  toolChoice: (choice) => ({
    toolConfig: {
      functionCallingConfig:
        typeof choice === 'string' ? { mode: modes[choice] } : { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: [choice.name] },
    },
  }),
  schema: (responseJsonSchema) => ({ responseMimeType: 'application/json', responseJsonSchema }),
  effort: (effort) => ({ thinkingConfig: { thinkingLevel: levels[effort] } }),
  budgetTokens: (thinkingBudget) => ({ thinkingConfig: { thinkingBudget } }),
  showReasoning: () => ({ thinkingConfig: { includeThoughts: true, thinkingLevel: ThinkingLevel.HIGH } }),
  maxTokens: (maxOutputTokens) => ({ maxOutputTokens }),
  temperature: (temperature) => ({ temperature }),
  topP: (topP) => ({ topP }),
  topK: (topK) => ({ topK }),
  frequencyPenalty: (frequencyPenalty) => ({ frequencyPenalty }),
  presencePenalty: (presencePenalty) => ({ presencePenalty }),
  seed: (seed) => ({ seed }),
  stop: (stop) => ({ stopSequences: [...stop] }),
  choices: (candidateCount) => ({ candidateCount }),
  logprobs: (logprobs) => ({ responseLogprobs: true, logprobs }),
  serviceTier: () => ({ serviceTier: ServiceTier.FLEX }),
};
