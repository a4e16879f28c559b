/** A function that works its value out once for each object, which must not change, and keeps it as long as the object lives. */
export function oncePer<Of extends object, Value extends string | number | object>(make: (of: Of) => Value): (of: Of) => Value {
  const made = new WeakMap<Of, Value>();
  return (of) => {
    const known = made.get(of);
    if (known !== undefined) return known;
    const value = make(of);
    made.set(of, value);
    return value;
  };
}
