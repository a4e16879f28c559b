import type { MessageCountTokensParams } from '@anthropic-ai/sdk/resources/messages/messages';

/** A request to count tokens. */
export const countTokens = {
  model: 'fast',
  system: 'Be kind.',
  messages: [{ role: 'user', content: 'Who is Bob?' }],
  tools: [{ name: 'look', input_schema: { type: 'object' } }],
  tool_choice: { type: 'auto' },
  thinking: { type: 'enabled', budget_tokens: 4000 },
} satisfies MessageCountTokensParams;
