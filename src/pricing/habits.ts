import type { Usage } from '../llm/usage.ts';

/**
 * What a pair of a tenant and a model usually makes, learned from its last answers, so that a reservation is near what an answer costs.
 * Reading and learning take the same short time however much was learned.
 */
export interface Habits {
  /** Learns from an answer that ended as its protocol says, with the provider's own usage; any other would teach too little. */
  learn(pair: string, answer: LearnedAnswer): void;
  /** Output tokens that nine of ten recent answers stayed within; 1000 until it knows. */
  usualOutput(pair: string): number;
  /** Billed output tokens per delivered byte that nine of ten recent answers stayed within, from 1/6 to 1; 1/3 until it knows. */
  tokensPerByte(pair: string): number;
  /** Real input tokens per token that we counted, which nine of ten recent requests stayed within, from 1 to 4; 1.15 until it knows. */
  inputFactor(pair: string): number;
}

/** What can be learned from. */
export interface LearnedAnswer {
  /** The provider's own. */
  usage: Usage;
  /** UTF-8 bytes of content that the provider delivered. */
  deliveredBytes: number;
  /** Our own count of the request's input tokens; undefined where nobody counted. */
  countedInputTokens: number | undefined;
}

/** `maxPairs` bounds how many pairs are remembered, at about 1 KiB each; the one that was longest without an answer is forgotten first. */
export function createHabits({ maxPairs }: { maxPairs: number }): Habits {
  const pairs = new Map<string, Habit>();
  return {
    learn(pair, answer) {
      const habit = pairs.get(pair) ?? newHabit();
      // A map keeps the order of insertion, so the pair that learned last stands last.
      pairs.delete(pair);
      pairs.set(pair, habit);
      if (pairs.size > maxPairs) for (const oldest of pairs.keys().take(1)) pairs.delete(oldest);
      learn(habit, answer);
    },
    usualOutput: (pair) => pairs.get(pair)?.output.usual ?? defaults.output,
    tokensPerByte: (pair) => within(pairs.get(pair)?.density.usual ?? defaults.density, 1 / 6, 1),
    inputFactor: (pair) => within(pairs.get(pair)?.input.usual ?? defaults.input, 1, 4),
  };
}

const defaults = { output: 1000, density: 1 / 3, input: 1.15 };

interface Habit {
  output: Recent;
  density: Recent;
  input: Recent;
}

const newHabit = (): Habit => ({ output: newRecent(defaults.output), density: newRecent(defaults.density), input: newRecent(defaults.input) });

/** Below so many bytes or tokens, what surrounds them outweighs them. */
const telling = { bytes: 64, tokens: 32 };

/** No text has more tokens per byte for long: beyond it, tokens were billed that were not delivered. */
const densestText = 2 / 3;

function learn({ output, density, input }: Habit, { usage, deliveredBytes, countedInputTokens }: LearnedAnswer): void {
  see(output, usage.outputTokens);
  if (deliveredBytes >= telling.bytes) {
    const all = usage.outputTokens / deliveredBytes;
    // Some providers deliver the reasoning that they bill, others hide it.
    see(density, all <= densestText ? all : (usage.outputTokens - usage.reasoningTokens) / deliveredBytes);
  }
  if (countedInputTokens !== undefined && countedInputTokens >= telling.tokens) see(input, usage.inputTokens / countedInputTokens);
}

/** The last values of something, and the one that nine of ten of them stay within. */
interface Recent {
  values: number[];
  /** Where the next value goes once there are enough. */
  next: number;
  usual: number;
  readonly assumed: number;
}

/** So few that a change shows after two or three values where there is more of something, and after twenty where there is less. */
const remembered = 20;
/** Until there are as many values, the assumed one is among them. */
const enough = 4;

const newRecent = (assumed: number): Recent => ({ values: [], next: 0, usual: assumed, assumed });

function see(recent: Recent, value: number): void {
  if (!Number.isFinite(value) || value < 0) return;
  recent.values[recent.next] = value;
  recent.next = (recent.next + 1) % remembered;
  recent.usual = ninthTenth(recent);
}

/** The value that a tenth of them exceed: of twenty the third largest. */
function ninthTenth({ values, assumed }: Recent): number {
  let first = values.length < enough ? assumed : 0;
  let second = 0;
  let third = 0;
  for (const value of values) {
    if (value > first) [first, second, third] = [value, first, second];
    else if (value > second) [second, third] = [value, second];
    else if (value > third) third = value;
  }
  return [first, second, third][Math.floor(values.length / 10)] ?? third;
}

const within = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);
