import type { Client } from '../conversation.ts';
import { anthropicClient } from './anthropic-messages.ts';
import { azureClient, openaiChatClient } from './openai-chat.ts';

/** Every client format, and the SDKs that drive it. */
export const clients: readonly Client[] = [openaiChatClient, anthropicClient, azureClient];
