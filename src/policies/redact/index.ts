import type { Policy, PolicyRun } from '../policy.ts';
import type { Privacy, Tenant } from '../tenant.ts';
import { createScan } from './detect/scan.ts';
import { Placeholders } from './placeholders.ts';
import { redactSpots } from './redact-json.ts';
import { Restorer } from './restore.ts';

/**
 * Replaces personal data in all text a client sends by placeholders such as `[EMAIL_1]`, and puts the originals back into the answer.
 * Fails closed: whatever goes wrong here refuses the request. What is found and what is not stands with each detector in `detect/`.
 */
export const redact: Policy = {
  name: 'redact',
  open({ identity }) {
    const { privacy } = identity.tenant;
    return privacy === undefined || privacy.redact.size === 0 ? undefined : openRun(privacy);
  },
};

function openRun(privacy: Privacy): PolicyRun {
  const placeholders = new Placeholders();
  const run: PolicyRun = {
    found: () => placeholders.types(),
    async onRequest(request) {
      const scan = await createScan(privacy.redact);
      const edits = redactSpots(request.texts(), scan, placeholders);
      if (privacy.restore && placeholders.size > 0) {
        const restorer = new Restorer(placeholders);
        run.onPart = (part) => restorer.push(part);
      }
      return request.edited(edits);
    },
  };
  return run;
}

/** Loads the tables that redaction for these tenants needs, so that no request waits for them. */
export async function preloadRedact(tenants: Iterable<Tenant>): Promise<void> {
  for (const { privacy } of tenants) if (privacy !== undefined) await createScan(privacy.redact);
}
