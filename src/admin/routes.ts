import type { Store } from '../stores/store.ts';
import { groupUsage } from '../usage/group.ts';
import { newestEntries } from '../usage/newest.ts';
import { readUsageQuery } from '../usage/query.ts';
import { cellsOf, columnsOf, csvOf, reportJson } from '../usage/table.ts';
import { AdminError } from './admin-error.ts';
import { createBudgetAdmin } from './budgets.ts';
import { createKeyAdmin, type KeyAdminDeps } from './keys.ts';
import { json, type AdminRequest, type Answer, type Route } from './router.ts';

export interface AdminRoutesDeps extends Omit<KeyAdminDeps, 'store'> {
  store: Store;
}

/** What admins can ask and do over HTTP: keys, budgets, usage and the audit. */
export function adminRoutes(deps: AdminRoutesDeps): Route[] {
  return [...keyRoutes(deps), ...budgetRoutes(deps), ...usageRoutes(deps), auditRoute(deps)];
}

type Handler = (request: AdminRequest) => Promise<Answer>;

const route = (method: Route['method'], path: string, answer: Handler): Route => ({ method, path, answer });
const idOf = ({ params }: AdminRequest): string => params.get('id') ?? '';

function keyRoutes(deps: AdminRoutesDeps): Route[] {
  const keys = createKeyAdmin(deps);
  return [
    route('GET', '/api/keys', async ({ query }) => json({ keys: await keys.list(query.get('tenant') ?? undefined) })),
    route('POST', '/api/keys', async ({ body, by }) => json(await keys.create(body, by), 201)),
    route('GET', '/api/keys/{id}', async (request) => json(await keys.find(idOf(request)))),
    route('PATCH', '/api/keys/{id}', async (request) => json(await keys.change(idOf(request), request.body, request.by))),
    route('DELETE', '/api/keys/{id}', async (request) => {
      await keys.remove(idOf(request), request.by);
      return { status: 204, contentType: '', text: '' };
    }),
    route('POST', '/api/keys/{id}/rotate', async (request) => json(await keys.rotate(idOf(request), request.body, request.by))),
    route('POST', '/api/keys/{id}/disable', async (request) => json(await keys.setDisabled(idOf(request), true, request.by))),
    route('POST', '/api/keys/{id}/enable', async (request) => json(await keys.setDisabled(idOf(request), false, request.by))),
  ];
}

function budgetRoutes(deps: AdminRoutesDeps): Route[] {
  const budgets = createBudgetAdmin(deps);
  return [
    route('GET', '/api/budgets', async ({ query }) => json({ budgets: await budgets.list(query.get('tenant') ?? undefined) })),
    route('POST', '/api/budgets/top-up', async ({ body, by }) => json(await budgets.topUp(body, by))),
    route('POST', '/api/budgets/release', async ({ body, by }) => json(await budgets.release(body, by))),
  ];
}

const csvType = 'text/csv; charset=utf-8; header=present';

function usageRoutes({ store: { ledger }, now }: AdminRoutesDeps): Route[] {
  return [
    route('GET', '/api/usage', async ({ query }) => {
      const format = taken(query, 'format') ?? 'json';
      if (format !== 'json' && format !== 'csv') throw new AdminError('invalid-request', '"format" must be json or csv.');
      const asked = readUsageQuery(query, now());
      const report = await groupUsage(ledger.entries(asked, asked.filter), asked);
      if (format === 'csv') return { status: 200, contentType: csvType, text: csvOf([columnsOf(asked), ...report.rows.map(cellsOf)]) };
      return json(reportJson(report, asked, await ledger.keptSince()));
    }),
    route('GET', '/api/entries', async ({ query }) => {
      const limit = readLimit(taken(query, 'limit'));
      const cursor = taken(query, 'cursor');
      const page = await newestEntries(ledger, readUsageQuery(query, now()), { limit, cursor });
      return json({ entries: page.entries, cursor: page.cursor ?? null });
    }),
  ];
}

const auditRoute = ({ store }: AdminRoutesDeps): Route =>
  route('GET', '/api/audit', async ({ query }) => {
    const records = await store.audit.list(readLimit(taken(query, 'limit')));
    return json({ records: records.map((record) => ({ ...record, at: new Date(record.at).toISOString() })) });
  });

/** A parameter that is none of the question itself. */
function taken(query: URLSearchParams, name: string): string | undefined {
  const value = query.get(name) ?? undefined;
  query.delete(name);
  return value;
}

const [usualLimit, maxLimit] = [100, 1000];

function readLimit(text: string | undefined): number {
  const limit = Number(text ?? usualLimit);
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return limit;
  throw new AdminError('invalid-request', `"limit" must be from 1 to ${maxLimit}.`);
}
