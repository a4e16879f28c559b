/** `budget-version` changes where what gateways know of budgets may not hold any more. It is a time, so that it changes also where a Redis has lost what it had. */
export const versions = `
local function changeVersion()
  local before = tonumber(redis.call('GET', root .. 'budget-version') or 0)
  redis.call('SET', root .. 'budget-version', format('%.0f', math.max(timeOr(''), before + 1)))
end
`;
