import { UserError } from './user-error.ts';

/** A limit of the command line, such as `requests=600/minute` or `concurrent=20,model=fast`, in the form that the config has. Throws UserError. */
export function writtenLimit(text: string): Record<string, unknown> {
  const [first = '', ...rest] = text.split(',');
  const [, of, amount = '', per] = /^(requests|tokens|concurrent)=(\d{1,15})(?:\/([a-z]+))?$/.exec(first) ?? [];
  if (of === undefined) throw new UserError(`--limit takes such as requests=600/minute, tokens=200000/minute or concurrent=20, not "${text}".`);
  return { [of]: Number(amount), ...(per !== undefined && { per }), ...fields(rest, '--limit', ['model', 'provider']) };
}

/** A budget of the command line, such as `500/month` (dollars) or `tokens=1000000/day,model=fast`, in the form that the config has. Throws UserError. */
export function writtenBudget(text: string): Record<string, unknown> {
  const [first = '', ...rest] = text.split(',');
  const [, tokens, amount = '', per] = /^(tokens=)?(\d{1,12}(?:\.\d{1,9})?)\/([a-z]+)$/.exec(first) ?? [];
  if (per === undefined) throw new UserError(`--budget takes such as 500/month (dollars) or tokens=1000000/day, not "${text}".`);
  return { [tokens === undefined ? 'amount' : 'tokens']: Number(amount), per, ...fields(rest, '--budget', ['model', 'provider', 'grace']) };
}

function fields(parts: readonly string[], option: string, known: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    parts.map((part): [string, string] => {
      const [name = '', value] = part.split('=', 2);
      if (value === undefined || !known.includes(name))
        throw new UserError(`${option} takes ${known.join('=…, ')}=… after the first comma, not "${part}".`);
      return [name, value];
    }),
  );
}
