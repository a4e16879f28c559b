import type { Part } from '../llm/part.ts';

/** `complete`: as its protocol says. `failed`: with an error, of the provider's or ours, or something that cannot be read. `cut`: before it was complete. */
export type AnswerEnd = 'complete' | 'failed' | 'cut';

/** How far a stream has come, and with it what "complete" means: its end was said, or it stopped after every choice that began had finished. The first end counts. */
export class Progress {
  /** By choice that has begun: whether it has finished. */
  readonly #finished = new Map<number, boolean>();
  #ended: AnswerEnd | undefined;

  get ended(): AnswerEnd | undefined {
    return this.#ended;
  }

  note(part: Part): void {
    if (part.type === 'end') this.#ended ??= 'complete';
    else if (part.type === 'error') this.fail();
    else if (part.type === 'finish') this.#finished.set(part.choice, true);
    else if ('choice' in part && !this.#finished.has(part.choice)) this.#finished.set(part.choice, false);
  }

  fail(): void {
    this.#ended ??= 'failed';
  }

  /** Whether every choice that has begun is finished: no more content comes. */
  get isFinished(): boolean {
    return this.#finished.size > 0 && [...this.#finished.values()].every(Boolean);
  }

  /** The provider has ended the stream. */
  close(): AnswerEnd {
    this.#ended ??= this.isFinished ? 'complete' : 'cut';
    return this.#ended;
  }
}
