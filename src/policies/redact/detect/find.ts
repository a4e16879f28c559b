import type { PersonalDataType } from '../../tenant.ts';

/** A piece of personal data in a text, from `start` to before `end`, in UTF-16 units. */
export interface Find {
  type: PersonalDataType;
  start: number;
  end: number;
  /** Its digits, whatever stands between them; empty for what is never doubtful (e-mail addresses, IBANs). */
  digits: string;
  /** False where the form fits but the surroundings speak against it: it counts only if the same digits are a sure find elsewhere in the exchange. */
  sure: boolean;
}

/** What a number detector looks at: a folded text, and where its runs of digits lie. */
export interface Digits {
  /** As `fold` gives it. */
  text: string;
  starts: readonly number[];
  ends: readonly number[];
  /** What the text belongs to, such as the key of the field it is the value of. */
  context: string;
}
