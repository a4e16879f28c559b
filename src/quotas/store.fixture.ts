import type { LedgerEntry } from '../stores/entry.ts';
import type { Quota } from '../stores/quota.ts';
import { deadAfterMs, type Move, type QuotaState, type Store, type SyncReply, type SyncRequest } from '../stores/store.ts';

interface ModelQuota {
  quota: Quota;
  spent: number;
  extra: number;
  /** Rates: in the bucket. */
  level: number;
  filledAt: number;
  leases: Map<string, { amount: number; idle: number; refusedAt: number }>;
}

interface ModelHolder {
  seenAt: number;
  isDead: boolean;
  number: number;
  granted: Map<string, number>;
  wasForgotten: boolean;
}

/** A store in memory that does what `Store.sync` says, as plainly as can be: what tests of leases are held against. */
export class ModelStore implements Pick<Store, 'sync'> {
  readonly quotas = new Map<string, ModelQuota>();
  readonly holders = new Map<string, ModelHolder>();
  readonly entries = new Map<string, LedgerEntry>();
  /** All requests, in their order, repeated ones included. */
  readonly requests: SyncRequest[] = [];
  #budgetVersion = 0;

  async sync(request: SyncRequest): Promise<SyncReply> {
    this.requests.push(request);
    this.#buryDead(request.now);
    const before = this.holders.get(request.holder);
    if (before !== undefined && request.number <= before.number) return this.#repeat(request, before);
    if (before === undefined || before.isDead || request.leaving === true) this.#budgetVersion += 1;
    const wasForgotten = before === undefined ? request.number > 1 : before.isDead;
    const holder: ModelHolder = { seenAt: request.now, isDead: false, number: request.number, granted: new Map(), wasForgotten };
    this.holders.set(request.holder, holder);
    for (const entry of request.entries) this.entries.set(entry.id, entry);
    const states = request.moves.map((move) => this.#move(move, request, holder));
    for (const { quota, amount } of request.spent ?? []) {
      const idle = this.#quota(quota, request.now).leases.get(request.holder)?.idle ?? 0;
      this.#move({ quota, overdraft: 0, spent: amount, back: 0, need: 0, want: 0, idle }, request, holder);
    }
    if (request.leaving === true) this.#leave(request.holder);
    return { states, holders: this.#living, keyVersion: 0, budgetVersion: this.#budgetVersion, wasForgotten };
  }

  topUp(id: string, amount: number): boolean {
    const found = this.quotas.get(id);
    if (found === undefined) return false;
    found.extra += amount;
    this.#budgetVersion += 1;
    return true;
  }

  spentOf(id: string): number {
    return this.quotas.get(id)?.spent ?? 0;
  }

  /** What living processes, or all, hold of a quota. */
  leasedOf(id: string, only: 'living' | 'all' = 'all'): number {
    let leased = 0;
    for (const [holder, { amount }] of this.quotas.get(id)?.leases ?? []) {
      if (only === 'all' || this.holders.get(holder)?.isDead === false) leased += amount;
    }
    return leased;
  }

  get #living(): number {
    return Array.from(this.holders.values()).filter(({ isDead }) => !isDead).length;
  }

  #repeat({ holder, moves, number, now }: SyncRequest, before: ModelHolder): SyncReply {
    before.wasForgotten ||= before.isDead;
    before.isDead = false;
    before.seenAt = now;
    const states = moves.map(({ quota }) => ({
      ...this.#stateOf(this.#quota(quota, now), holder, now),
      granted: number === before.number ? (before.granted.get(quota.id) ?? 0) : 0,
    }));
    return { states, holders: this.#living, keyVersion: 0, budgetVersion: this.#budgetVersion, wasForgotten: before.wasForgotten };
  }

  #move({ quota, overdraft, spent, back, need, want, idle }: Move, { holder, now }: SyncRequest, living: ModelHolder): QuotaState {
    const found = this.#quota(quota, now);
    const lease = found.leases.get(holder) ?? { amount: 0, idle: 0, refusedAt: Number.NEGATIVE_INFINITY };
    found.leases.set(holder, lease);
    const covered = Math.min(spent, lease.amount + overdraft);
    const freed = Math.min(back, lease.amount + overdraft - covered);
    lease.amount += overdraft - covered - freed;
    if (quota.kind === 'budget') found.spent += spent;
    found.level += freed - overdraft - (spent - covered);
    const left = this.#leftOf(found);
    const granted = need === 0 || need > left ? 0 : Math.min(Math.max(need, want), Math.max(need, Math.floor(left / 2 / this.#living)));
    lease.amount += granted;
    found.level -= granted;
    lease.idle = idle;
    if (need > 0) lease.refusedAt = granted === 0 ? now : Number.NEGATIVE_INFINITY;
    living.granted.set(quota.id, granted);
    return { ...this.#stateOf(found, holder, now), granted };
  }

  #stateOf(found: ModelQuota, asker: string, now: number): QuotaState {
    const others = Array.from(found.leases).filter(([holder]) => holder !== asker);
    const living = others.filter(([holder]) => this.holders.get(holder)?.isDead === false);
    const dead = others.filter(([holder]) => this.holders.get(holder)?.isDead !== false);
    const sum = (leases: typeof others): bigint => BigInt(leases.reduce((total, [, { amount }]) => total + amount, 0));
    return {
      granted: 0,
      spent: BigInt(found.spent),
      leased: BigInt(this.leasedOf(found.quota.id)),
      yours: found.leases.get(asker)?.amount ?? 0,
      dead: sum(dead),
      left: BigInt(this.#leftOf(found)),
      extra: BigInt(found.extra),
      idleElsewhere: BigInt(living.reduce((total, [, { idle, amount }]) => total + Math.min(idle, amount), 0)),
      isScarce: living.some(([, { refusedAt }]) => now - refusedAt <= 2000),
    };
  }

  #quota(quota: Quota, now: number): ModelQuota {
    const limit = Number(quota.limit);
    const found = this.quotas.get(quota.id) ?? { quota, spent: 0, extra: 0, level: limit, filledAt: now, leases: new Map() };
    this.quotas.set(quota.id, found);
    found.quota = quota;
    if (quota.kind !== 'rate') return found;
    const filled = found.level + (limit * Math.max(0, now - found.filledAt)) / quota.refillMs;
    found.level = Math.min(filled, Math.max(0, limit - this.leasedOf(quota.id)));
    found.filledAt = now;
    return found;
  }

  #leftOf({ quota, spent, extra, level }: ModelQuota): number {
    if (quota.kind === 'rate') return Math.max(0, Math.floor(level + 1e-9));
    return Math.max(0, Number(quota.limit) + extra - spent - this.leasedOf(quota.id));
  }

  #buryDead(now: number): void {
    for (const [holder, known] of this.holders) {
      if (known.isDead || now - known.seenAt <= deadAfterMs) continue;
      known.isDead = true;
      this.#budgetVersion += 1;
      this.#giveBack(holder, 'but-budgets');
    }
  }

  #leave(holder: string): void {
    this.#giveBack(holder, 'all');
    const left = this.holders.get(holder);
    if (left !== undefined) left.isDead = true;
  }

  #giveBack(holder: string, what: 'all' | 'but-budgets'): void {
    for (const found of this.quotas.values()) {
      const lease = found.leases.get(holder);
      if (lease === undefined || (what === 'but-budgets' && found.quota.kind === 'budget')) continue;
      found.level += lease.amount;
      found.leases.delete(holder);
    }
  }
}
