import { isTextPart, type Part } from '../../llm/part.ts';
import { noUsage, type Usage } from '../../llm/usage.ts';
import { isPossible } from '../../pricing/charge.ts';
import type { Quote } from '../../pricing/quote.ts';

/** What of budgets is held for an answer that streams. */
export interface StreamHold {
  /** Nano-dollars and tokens that are held. */
  nanos: number;
  tokens: number;
  /** Holds this much more: true or false at once, or the promise of it. */
  more(nanos: number, tokens: number): boolean | Promise<boolean>;
}

/** What an answer is watched with. */
export interface WatchParts {
  hold: StreamHold;
  /** Undefined where nothing is charged in money. */
  quote: Quote | undefined;
  /** The tier of service that is paid for, until the provider says; empty for the usual one. */
  serviceTier: string;
  /** What the input was reckoned as, until the provider says. */
  inputTokens: number;
  /** Tokens per byte of content. */
  tokensPerByte: number;
  /** Output that is held at first. */
  outputTokens: number;
  /** Throws what ends the answer. */
  stop: () => never;
}

/** Content after which the cost so far is reckoned again, in bytes. */
const lookEveryBytes = 256;

/** Output that is held more at a time, in tokens: within these bounds, half of what was held at first. */
const [leastStep, largestStep] = [128, 2048];

/**
 * Watches what a streaming answer costs so far, holds more before what is held is used up, and ends the answer where nothing more can be had.
 * While the store is asked, the answer goes on for one step at most: that, and what a provider sends before it is cut off, is all that a budget can be overspent by.
 */
export class StreamWatch {
  readonly #parts: WatchParts;
  readonly #step: Amounts;
  #asked: Amounts = none;
  #bytes = 0;
  #nextLook = lookEveryBytes;
  #usage: Usage | undefined;
  #state: 'held' | 'asking' | 'denied' = 'held';
  #isSmall = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    const tokens = Math.min(largestStep, Math.max(leastStep, Math.ceil(parts.outputTokens / 2)));
    this.#step = { tokens, nanos: parts.quote?.costNanos({ ...noUsage, outputTokens: tokens, serviceTier: parts.serviceTier }) ?? 0 };
  }

  see(part: Part): void {
    if (isTextPart(part)) {
      this.#bytes += part.text.length; // nearly bytes, and free
      if (this.#bytes < this.#nextLook) return;
    } else if (part.type === 'usage' && isPossible(part.usage)) this.#usage = part.usage;
    else return;
    this.#nextLook = this.#bytes + lookEveryBytes;
    this.#look();
  }

  /** The use so far, as far as can be told. */
  soFar(): Usage {
    const outputTokens = Math.ceil(this.#bytes * this.#parts.tokensPerByte);
    if (this.#usage === undefined) return { ...noUsage, inputTokens: this.#parts.inputTokens, outputTokens, serviceTier: this.#parts.serviceTier };
    return outputTokens > this.#usage.outputTokens ? { ...this.#usage, outputTokens } : this.#usage;
  }

  #look(): void {
    const { hold, quote, stop } = this.#parts;
    const usage = this.soFar();
    const used = { nanos: quote?.costNanos(usage) ?? 0, tokens: usage.inputTokens + usage.outputTokens };
    const exceeds = ({ nanos, tokens }: Amounts): boolean => used.nanos + nanos > hold.nanos || used.tokens + tokens > hold.tokens;
    if (this.#state === 'held' && exceeds(scaled(this.#step, 0.5))) this.#ask(used);
    if (this.#state === 'asking' ? exceeds(scaled(this.#asked, -1)) : this.#state === 'denied' && exceeds(none)) stop();
  }

  /** Asks for a step beyond what is used: the whole of it, or, once that was denied, a part. */
  #ask(used: Amounts): void {
    const { hold } = this.#parts;
    const step = scaled(this.#step, this.#isSmall ? 0.25 : 1);
    this.#asked = { nanos: step.nanos + Math.max(0, used.nanos - hold.nanos), tokens: step.tokens + Math.max(0, used.tokens - hold.tokens) };
    this.#state = 'asking';
    const answer = hold.more(this.#asked.nanos, this.#asked.tokens);
    const heard = (isHeld: boolean): void => this.#heard(isHeld, used);
    if (answer instanceof Promise) void answer.then(heard, () => heard(false));
    else heard(answer);
  }

  /** A step that cannot be had may still be had in part. */
  #heard(isHeld: boolean, used: Amounts): void {
    if (!isHeld && this.#isSmall) this.#state = 'denied';
    else this.#state = 'held';
    if (isHeld || this.#isSmall) return;
    this.#isSmall = true;
    this.#ask(used);
  }
}

interface Amounts {
  nanos: number;
  tokens: number;
}

const none: Amounts = { nanos: 0, tokens: 0 };

const scaled = ({ nanos, tokens }: Amounts, by: number): Amounts => ({ nanos: Math.ceil(nanos * by), tokens: Math.ceil(tokens * by) });
