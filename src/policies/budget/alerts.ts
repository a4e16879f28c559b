/** A share of a budget that is used up, for people. */
export interface Alert {
  /** The quota's id: it names the period. */
  id: string;
  owner: string;
  /** The step's share of the amount. */
  at: number;
  /** Share that is spent or reserved now. */
  used: number;
  /** Nano-dollars or tokens. */
  amount: bigint;
  unit: 'nanos' | 'tokens';
  /** When the period ends, in milliseconds since 1970. */
  until: number;
}

export interface AlertParts {
  /** True for the first who asks of this name, among all gateways. */
  first: (name: string, untilMs: number) => Promise<boolean>;
  /** Brings it to people. */
  tell: (alert: Alert) => Promise<void> | void;
  onFailure: (error: unknown) => void;
  /** Most alerts that are remembered as told. */
  max?: number;
}

/** Tells each alert once, whoever raises it how often. */
export function createAlerts({ first, tell, onFailure, max = 10_000 }: AlertParts): (alert: Alert) => void {
  const raised = new Set<string>();

  async function raise(name: string, alert: Alert): Promise<void> {
    try {
      if (await first(name, alert.until)) await tell(alert);
    } catch (error) {
      raised.delete(name); // the next one tries again
      onFailure(error);
    }
  }

  return (alert) => {
    const name = `warn ${alert.id} ${alert.at}`;
    if (raised.has(name)) return;
    raised.add(name);
    const [oldest] = raised;
    if (raised.size > max && oldest !== undefined) raised.delete(oldest);
    void raise(name, alert);
  };
}
