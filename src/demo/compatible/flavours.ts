import { cohere, deepseek, fireworks, groq, mistral, openrouter, perplexity, together, xai } from './hosted.ts';
import { llamaCpp, ollama, tgi, vllm } from './servers.ts';

/** The flavours by their names. */
export const flavours = {
  mistral,
  groq,
  deepseek,
  xai,
  openrouter,
  together,
  fireworks,
  perplexity,
  ollama,
  vllm,
  'llama.cpp': llamaCpp,
  tgi,
  cohere,
};

export type FlavourName = keyof typeof flavours;
