import type { EmbedRequest, RerankRequest } from '../../llm/embed.ts';
import type { AssistantContent, ChatRequest, Message, UserContent } from '../../llm/request.ts';
import { estimateTokens } from './estimate.ts';
import { tokensOfAudio, tokensOfDocument, tokensOfImage } from './media.ts';

/** What separates a message from the next, and the answer from all of them (https://github.com/openai/openai-cookbook, "How to count tokens with tiktoken"). */
const tokensPerMessage = 3;
const tokensBeforeAnswer = 3;

/** The texts of a request, to be counted together, and tokens of what is no text. */
interface Countable {
  texts: string[];
  tokens: number;
}

/** Input tokens of a chat request by OpenAI's tokenizer: its messages, tools and the schema of its answer. */
export function tokensOfChat({ messages, tools, responseFormat }: ChatRequest): number {
  const counted: Countable = { texts: [], tokens: tokensBeforeAnswer + tokensPerMessage * messages.length };
  for (const message of messages) addMessage(message, counted);
  for (const { name, description = '', parameters } of tools) counted.texts.push(name, description, parameters);
  if (responseFormat?.type === 'json-schema') counted.texts.push(responseFormat.schema);
  return sum(counted);
}

/** Input tokens of a request for embeddings, all its texts together. */
export function tokensOfEmbed({ inputs }: EmbedRequest): number {
  const counted: Countable = { texts: [], tokens: 0 };
  for (const input of inputs) {
    if (input.type === 'text') counted.texts.push(input.text);
    else counted.tokens += input.tokens.length;
  }
  return sum(counted);
}

/** Input tokens of a request to rank documents: each of them is read with the query. */
export const tokensOfRerank = ({ query, documents }: RerankRequest): number =>
  estimateTokens(query).tokens * documents.length + estimateTokens(documents).tokens;

const sum = ({ texts, tokens }: Countable): number => estimateTokens(texts).tokens + tokens;

function addMessage({ content }: Message, counted: Countable): void {
  for (const block of content) addBlock(block, counted);
}

/** What is kept for the provider alone, such as encrypted reasoning, counts nothing: nobody says what it takes. */
function addBlock(block: UserContent | AssistantContent, counted: Countable): void {
  switch (block.type) {
    case 'text':
    case 'reasoning':
      counted.texts.push(block.text);
      return;
    case 'tool-call':
      counted.texts.push(block.name, block.arguments);
      return;
    case 'image':
      counted.tokens += tokensOfImage(block);
      return;
    case 'document':
      if (block.source.kind === 'text') counted.texts.push(block.source.text);
      else counted.tokens += tokensOfDocument(block);
      return;
    case 'audio':
      counted.tokens += tokensOfAudio(block);
      return;
  }
}
