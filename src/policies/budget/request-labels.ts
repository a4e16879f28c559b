import type { Warning } from '../../llm/request.ts';
import type { ClientRequest } from '../../protocols/client-request.ts';
import { featuresOf } from '../../routing/features-of.ts';
import { createLabelBound, labelHeaderPrefix, labelsOf, type CallerLabels } from '../../usage/labels.ts';
import type { Opening } from '../policy.ts';

/** The caller's labels of a request: headers, and what the protocol's own metadata has. Each tenant has a bounded number of values for each name. */
export function createRequestLabels(options: { maxValues: number }) {
  const bounded = createLabelBound(options);
  return ({ headers, identity }: Pick<Opening, 'headers' | 'identity'>, request: ClientRequest | undefined): CallerLabels => {
    const hasMetadata = request?.protocol.operation === 'chat' && request.bytes.includes('"metadata"');
    const said = labelsOf(headers, hasMetadata ? featuresOf(request, { headers }).metadata : {});
    const labels = bounded(identity.tenant.name, said.labels);
    if (labels === said.labels) return said;
    return { labels, warnings: [...said.warnings, ...beyondBounds(said.labels, labels, headers)] };
  };
}

/** Warnings of labels that are not kept as they were said. Metadata is left out: it may be there for somebody else. */
function beyondBounds(said: CallerLabels['labels'], kept: CallerLabels['labels'], headers: Opening['headers']): Warning[] {
  return Object.entries(said).flatMap(([name, value]): Warning[] => {
    const field = `${labelHeaderPrefix}${name}`;
    if (!headers.has(field)) return [];
    if (!Object.hasOwn(kept, name)) return [{ field, detail: 'is dropped: the tenant has used too many names of labels' }];
    return kept[name] === value ? [] : [{ field, detail: `counts as "${kept[name]}": the tenant has used too many values of it` }];
  });
}
