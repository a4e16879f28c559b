/** A value in a list, by which it is taken out again. */
export interface Link<T> {
  readonly value: T;
  previous: Link<T> | undefined;
  next: Link<T> | undefined;
  isIn: boolean;
}

/** Values in the order they came. To add one, to move one and to take one out each cost the same however many there are. */
export class LinkedList<T> {
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;

  get first(): Link<T> | undefined {
    return this.#first;
  }

  push(value: T): Link<T> {
    const link: Link<T> = { value, previous: undefined, next: undefined, isIn: false };
    this.#append(link);
    return link;
  }

  /** Takes out a value of this list; false where it is out already. */
  remove(link: Link<T>): boolean {
    if (!link.isIn) return false;
    if (link.previous === undefined) this.#first = link.next;
    else link.previous.next = link.next;
    if (link.next === undefined) this.#last = link.previous;
    else link.next.previous = link.previous;
    link.isIn = false;
    return true;
  }

  /** Puts a value of this list behind all others. */
  moveToEnd(link: Link<T>): void {
    if (this.remove(link)) this.#append(link);
  }

  #append(link: Link<T>): void {
    link.previous = this.#last;
    link.next = undefined;
    link.isIn = true;
    if (this.#last === undefined) this.#first = link;
    else this.#last.next = link;
    this.#last = link;
  }
}
