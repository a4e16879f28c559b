import type { ClientRequest } from '../../protocols/client-request.ts';
import { featuresOf } from '../../routing/features-of.ts';
import { createLabelBound, labelsOf } from '../../usage/labels.ts';
import type { Opening } from '../policy.ts';

/** The caller's labels of a request: headers, and what the protocol's own metadata has. Each tenant has a bounded number of values for each name. */
export function createRequestLabels(options: { maxValues: number }) {
  const bounded = createLabelBound(options);
  return ({ headers, identity }: Pick<Opening, 'headers' | 'identity'>, request: ClientRequest | undefined): Readonly<Record<string, string>> => {
    const hasMetadata = request?.protocol.operation === 'chat' && request.bytes.includes('"metadata"');
    const { labels } = labelsOf(headers, hasMetadata ? featuresOf(request, { headers }).metadata : {});
    return bounded(identity.tenant.name, labels);
  };
}
