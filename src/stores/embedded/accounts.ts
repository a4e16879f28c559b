/** What a tenant has spent and reserved in one period, in nano-dollars. */
export interface Account {
  spent: bigint;
  reserved: bigint;
}

/** All accounts, in memory. A period is read when it is first asked for and then kept, so a clock that is set back finds it again. */
export interface Accounts {
  of(period: string, tenant: string): Account;
  /** Adds to what is spent. A period that has not been asked for yet will be read with it. */
  charge(period: string, tenant: string, costNanos: number): void;
}

/** `readSpend` yields what each tenant has spent in a period, all that is booked included. */
export function createAccounts(readSpend: (period: string) => Map<string, bigint>): Accounts {
  const periods = new Map<string, Map<string, Account>>();

  function inPeriod(accounts: Map<string, Account>, tenant: string): Account {
    let account = accounts.get(tenant);
    if (account === undefined) {
      account = { spent: 0n, reserved: 0n };
      accounts.set(tenant, account);
    }
    return account;
  }

  return {
    of(period, tenant) {
      let accounts = periods.get(period);
      if (accounts === undefined) {
        accounts = new Map([...readSpend(period)].map(([name, spent]) => [name, { spent, reserved: 0n }]));
        periods.set(period, accounts);
      }
      return inPeriod(accounts, tenant);
    },
    charge(period, tenant, costNanos) {
      const accounts = periods.get(period);
      if (accounts !== undefined) inPeriod(accounts, tenant).spent += BigInt(costNanos);
    },
  };
}
