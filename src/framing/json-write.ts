/** JSON text to be put into a document as it stands, such as tool arguments that were never parsed. */
export class RawJson {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What `writeJson` takes. Fields that are `undefined` are left out. */
export type Writable = string | number | boolean | null | undefined | RawJson | readonly Writable[] | { readonly [key: string]: Writable };

/** Like JSON.stringify, but raw texts inside are embedded untouched. */
export function writeJson(value: Writable): string {
  if (value instanceof RawJson) return value.text;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${(value as readonly Writable[]).map(writeJson).join(',')}]`;
  let text = '';
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${writeJson(field)}`;
  }
  return `{${text}}`;
}
