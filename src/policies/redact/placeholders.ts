import type { PersonalDataType } from '../tenant.ts';

const names: Readonly<Record<PersonalDataType, string>> = { email: 'EMAIL', phone: 'PHONE', card: 'CARD', 'us-ssn': 'US_SSN', iban: 'IBAN' };

/** Numbers of more digits are never given out, so longer ones need not be kept. */
const placeholder = /\[(?:EMAIL|PHONE|CARD|US_SSN|IBAN)_[0-9a-z]{1,12}\]/g;

/**
 * The placeholders of one exchange and what they stand for. They are numbered by type in the order in which originals come;
 * the same characters always get the same placeholder, and other ones another, so that restoring is exact.
 */
export class Placeholders {
  readonly #byOriginal = new Map<string, string>();
  readonly #originals = new Map<string, string>();
  readonly #taken = new Set<string>();
  readonly #counts = new Map<PersonalDataType, number>();

  get size(): number {
    return this.#originals.size;
  }

  /** Of what types the originals are. */
  types(): Iterable<PersonalDataType> {
    return this.#counts.keys();
  }

  /** Keeps what looks like a placeholder in the client's own text from being given out. Must see all texts before the first `of`. */
  reserve(text: string): void {
    if (!text.includes('[')) return;
    for (const [found] of text.matchAll(placeholder)) this.#taken.add(found);
  }

  /** The placeholder of an original. */
  of(type: PersonalDataType, original: string): string {
    const key = `${type} ${original}`;
    const known = this.#byOriginal.get(key);
    if (known !== undefined) return known;
    const fresh = this.#next(type);
    this.#byOriginal.set(key, fresh);
    this.#originals.set(fresh, original);
    return fresh;
  }

  /** What a placeholder stands for; undefined where it was not given out. */
  original(text: string): string | undefined {
    return this.#originals.get(text);
  }

  /** All that were given out, sorted by UTF-16 units. */
  sorted(): string[] {
    return [...this.#originals.keys()].toSorted();
  }

  #next(type: PersonalDataType): string {
    for (;;) {
      const count = (this.#counts.get(type) ?? 0) + 1;
      this.#counts.set(type, count);
      const candidate = `[${names[type]}_${count}]`;
      if (!this.#taken.has(candidate)) return candidate;
    }
  }
}
