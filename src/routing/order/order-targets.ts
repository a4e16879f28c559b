import type { Strategy, Target } from '../deployment.ts';
import { cheapest } from './cheapest.ts';
import { fastest } from './fastest.ts';
import { lowLast } from './low-headroom.ts';
import { leastBusy } from './least-busy.ts';
import type { OrderBy, OrderView } from './order-view.ts';
import { priority } from './priority.ts';
import { weighted } from './weighted.ts';

const orders: Readonly<Record<Strategy, OrderBy>> = { weighted, cheapest, fastest, 'least-busy': leastBusy, priority };

/**
 * Puts a model's eligible targets in the order in which they are tried. One of weight 0 is never tried;
 * those with every account close to its vendor's limit come behind the others, whatever the strategy.
 */
export const orderTargets = (strategy: Strategy, targets: readonly Target[], view: OrderView): Target[] =>
  lowLast(
    orders[strategy](
      targets.filter(({ weight }) => weight > 0),
      view,
    ),
    view,
  );
