import { LinkedList, type Link } from './linked-list.ts';

export type Priority = 'high' | 'normal' | 'low';

const priorities = ['high', 'normal', 'low'] as const satisfies readonly Priority[];

/** Whose turn it is. Of 13 turns 8 are for high, 4 for normal and 1 for low; a turn that nobody of its own wants goes to the highest who wait. */
const turns = [
  'high',
  'normal',
  'high',
  'high',
  'normal',
  'high',
  'high',
  'normal',
  'high',
  'high',
  'normal',
  'high',
  'low',
] as const satisfies readonly Priority[];

/** All that one tenant has waiting with one priority, first come first. */
interface Line<T> {
  tenant: string;
  items: LinkedList<T>;
}

/** Where an item waits, by which it leaves. */
export interface Place<T> {
  readonly priority: Priority;
  readonly line: Link<Line<T>>;
  readonly item: Link<T>;
}

/** Tenants of one priority take turns: whoever was served goes behind the others. */
class Lane<T> {
  length = 0;
  readonly #lines = new Map<string, Link<Line<T>>>();
  readonly #round = new LinkedList<Line<T>>();

  add(tenant: string, item: T): Pick<Place<T>, 'line' | 'item'> {
    let line = this.#lines.get(tenant);
    if (line === undefined) {
      line = this.#round.push({ tenant, items: new LinkedList() });
      this.#lines.set(tenant, line);
    }
    this.length++;
    return { line, item: line.value.items.push(item) };
  }

  /** Who is next. Its tenant goes behind the others. */
  next(): Pick<Place<T>, 'line' | 'item'> | undefined {
    const line = this.#round.first;
    const item = line?.value.items.first;
    if (line === undefined || item === undefined) return undefined;
    this.#round.moveToEnd(line);
    return { line, item };
  }

  remove({ line, item }: Pick<Place<T>, 'line' | 'item'>): boolean {
    if (!line.value.items.remove(item)) return false;
    this.length--;
    if (line.value.items.first === undefined) {
      this.#round.remove(line);
      this.#lines.delete(line.value.tenant);
    }
    return true;
  }
}

/** Who waits, served in turns: by priority, then tenant after tenant, each tenant's own in the order they came. It holds nothing of a tenant that has none waiting. */
export class FairQueue<T> {
  readonly #lanes: Record<Priority, Lane<T>> = { high: new Lane(), normal: new Lane(), low: new Lane() };
  readonly #byTenant = new Map<string, number>();
  #turn = 0;

  get length(): number {
    const { high, normal, low } = this.#lanes;
    return high.length + normal.length + low.length;
  }

  lengthOf(priority: Priority): number {
    return this.#lanes[priority].length;
  }

  /** How many items of a tenant wait, of all priorities. */
  lengthFor(tenant: string): number {
    return this.#byTenant.get(tenant) ?? 0;
  }

  add(tenant: string, priority: Priority, item: T): Place<T> {
    this.#byTenant.set(tenant, this.lengthFor(tenant) + 1);
    return { priority, ...this.#lanes[priority].add(tenant, item) };
  }

  /** Takes the item out that is next; undefined where none waits. */
  take(): T | undefined {
    const due = turns[this.#turn] ?? 'high';
    const priority = this.#lanes[due].length > 0 ? due : priorities.find((other) => this.#lanes[other].length > 0);
    const next = priority === undefined ? undefined : this.#lanes[priority].next();
    if (priority === undefined || next === undefined) return undefined;
    this.#turn = (this.#turn + 1) % turns.length;
    this.remove({ priority, ...next });
    return next.item.value;
  }

  /** Takes an item out that waits no longer; nothing happens where it is out already. */
  remove(place: Place<T>): void {
    if (!this.#lanes[place.priority].remove(place)) return;
    const { tenant } = place.line.value;
    const left = this.lengthFor(tenant) - 1;
    if (left === 0) this.#byTenant.delete(tenant);
    else this.#byTenant.set(tenant, left);
  }
}
