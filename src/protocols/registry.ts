import { anthropicCountTokens } from './anthropic-count-tokens/index.ts';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { bedrockCountTokens } from './bedrock-count-tokens/index.ts';
import { bedrockConverse } from './bedrock-converse/index.ts';
import { cohereEmbed } from './cohere-embed/index.ts';
import { cohereRerank } from './cohere-rerank/index.ts';
import { geminiCountTokens } from './gemini-count-tokens/index.ts';
import { geminiEmbed, geminiEmbedContent } from './gemini-embed/index.ts';
import { geminiGenerate } from './gemini-generate/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import { openaiCompletions } from './openai-completions/index.ts';
import { openaiEmbeddings } from './openai-embeddings/index.ts';
import { openaiInputTokens } from './openai-input-tokens/index.ts';
import { openaiResponses } from './openai-responses/index.ts';
import type { Protocol } from './protocol.ts';
import { rerank } from './rerank/index.ts';

/** What clients may speak. The first one also renders errors on paths that are no protocol's. */
export const clientProtocols: readonly [Protocol, ...Protocol[]] = [
  openaiChat,
  openaiResponses,
  anthropicMessages,
  geminiGenerate,
  bedrockConverse,
  bedrockCountTokens,
  openaiCompletions,
  openaiEmbeddings,
  cohereEmbed,
  cohereRerank,
  rerank,
  anthropicCountTokens,
  openaiInputTokens,
  geminiCountTokens,
  geminiEmbed,
  geminiEmbedContent,
];
