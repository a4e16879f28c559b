/** A value of the SDK's types as it is in JSON: bytes are base64. */
export type Wire<Value> = Value extends Uint8Array ? string : Value extends object ? { [Key in keyof Value]: Wire<Value[Key]> } : Value;

/** A value of the SDK's types as the SDK writes it. */
export const wire = <Value>(value: Value): Wire<Value> =>
  JSON.parse(JSON.stringify(value, (_, each: unknown) => (isBytes(each) ? Buffer.from(each).toString('base64') : each))) as Wire<Value>;

/** Not a Buffer: JSON.stringify asks that for its own form before anybody else sees it. */
const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;

/** Bytes as the SDK has them. */
export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
