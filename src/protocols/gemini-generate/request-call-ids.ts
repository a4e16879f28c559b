/** Gives function calls an id where the conversation has none, and finds the call that a response answers. For one request. */
export class CallIds {
  readonly #used = new Set<string>();
  /** Ids that the client has given, so that none is made that is like one of them. */
  readonly #given: ReadonlySet<string>;
  /** Calls that nothing has answered yet, in their order. */
  readonly #open: { given: string | undefined; name: string; id: string }[] = [];
  #made = 0;

  constructor(given: Iterable<string>) {
    this.#given = new Set(given);
  }

  /** The id of a further call: its own, if no other call has had it. */
  idOf(given: string | undefined, name: string): string {
    const id = given === undefined || given === '' || this.#used.has(given) ? this.#make() : given;
    this.#used.add(id);
    this.#open.push({ given, name, id });
    return id;
  }

  /** The id of the call that is answered: the one of this id, or the first of this name where either has no id; one of its own where there is none. */
  answered(given: string | undefined, name: string): string {
    const byId = given === undefined ? -1 : this.#open.findIndex((call) => call.given === given);
    const at = byId === -1 ? this.#open.findIndex((call) => call.name === name && (given === undefined || call.given === undefined)) : byId;
    const [answered] = at === -1 ? [] : this.#open.splice(at, 1);
    return answered?.id ?? given ?? this.#make();
  }

  #make(): string {
    let id: string;
    do id = `call_${++this.#made}`;
    while (this.#given.has(id) || this.#used.has(id));
    return id;
  }
}
