import type { PersonalDataType } from '../../tenant.ts';
import { findCards } from './card.ts';
import { findDigits, fold } from './digits.ts';
import { findEmails } from './email.ts';
import type { Find } from './find.ts';
import { findIbans } from './iban.ts';
import { loadNumberingPlans } from './numbering-plans.ts';
import { findPhones } from './phone.ts';
import { findUsSsns } from './us-ssn.ts';

/** Finds personal data in a text, in its order and without overlaps. `context` is what the text belongs to, such as the key of its field. */
export type Scan = (text: string, context: string) => readonly Find[];

/** The most specific first: what overlaps is one find of the first of its types. An address may hold numbers, so it comes before them. */
const rank: readonly PersonalDataType[] = ['email', 'iban', 'card', 'us-ssn', 'phone'];

/** A scan for some types of personal data. Its work is proportional to the length of the text. */
export async function createScan(types: ReadonlySet<PersonalDataType>): Promise<Scan> {
  const numbers = types.has('iban') || types.has('card') || types.has('us-ssn') || types.has('phone');
  const plans = types.has('phone') ? await loadNumberingPlans() : undefined;
  return (text, context) => {
    const folded = fold(text);
    const finds = types.has('email') ? findEmails(folded) : [];
    if (!numbers) return finds;
    const digits = findDigits(folded, context);
    if (digits.starts.length === 0) return finds;
    for (const found of [
      types.has('iban') ? findIbans(digits) : [],
      types.has('card') ? findCards(digits) : [],
      types.has('us-ssn') ? findUsSsns(digits) : [],
      plans === undefined ? [] : findPhones(digits, plans),
    ]) {
      for (const find of found) finds.push(find);
    }
    return finds.length < 2 ? finds : withoutOverlaps(finds);
  };
}

/** Joins sure finds that overlap, and drops doubtful ones that overlap others. */
function withoutOverlaps(finds: Find[]): Find[] {
  finds.sort((a, b) => a.start - b.start || b.end - a.end);
  const apart: Find[] = [];
  for (const find of finds) {
    const before = apart.at(-1);
    if (before === undefined || find.start >= before.end) apart.push(find);
    else if (find.sure) apart[apart.length - 1] = before.sure ? join(before, find) : find;
  }
  return apart;
}

function join(a: Find, b: Find): Find {
  const { type, digits } = rank.indexOf(a.type) <= rank.indexOf(b.type) ? a : b;
  return { type, start: a.start, end: Math.max(a.end, b.end), digits, sure: true };
}
