import type { Client } from '../conversation.ts';
import { aiSdkClient } from './ai-sdk.ts';
import { anthropicClient } from './anthropic-messages.ts';
import { bedrockClient } from './bedrock-converse.ts';
import { geminiClient } from './gemini-generate.ts';
import { langchainClient } from './langchain.ts';
import { azureClient, openaiChatClient } from './openai-chat.ts';
import { openaiCompletionsClient } from './openai-completions.ts';
import { openaiResponsesClient } from './openai-responses.ts';

/** Every client format, and the SDKs that drive it. */
export const clients: readonly Client[] = [
  openaiChatClient,
  openaiResponsesClient,
  anthropicClient,
  geminiClient,
  bedrockClient,
  openaiCompletionsClient,
  azureClient,
  aiSdkClient,
  langchainClient,
];
