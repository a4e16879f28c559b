/**
 * Leases of quotas. `quota:<id>` is a hash of how a quota stands, `leases:<holder>` has by quota what a holder holds, as `kind lease idle`.
 * `leased` of a quota is the sum of its leases, `dead` what of it is of dead holders, `idle` what the living could give back.
 */
export const leases = `
local scarceForMs, keepPlacesMs, keepBudgetMs = 2000, 172800000, 604800000

local function quotaKey(id) return root .. 'quota:' .. id end

-- Exactly what comes back to a bucket in that time: 'carry' is what is on the way to the next unit, in 1 / refillMs of it.
local function refill(quota, move, now)
  quota.at = math.min(quota.at, now + move.refillMs)
  local passed = math.min(now - quota.at, move.refillMs)
  if passed > 0 then
    local whole = quotient(quota.limit, move.refillMs)
    local part = quota.limit - whole * move.refillMs
    local steps = passed
    if part > 0 then steps = math.min(passed, quotient(greatest - move.refillMs, part)) end
    local gained = steps * part + math.min(quota.carry, move.refillMs - 1)
    local units = quotient(gained, move.refillMs)
    quota.carry = gained - units * move.refillMs
    quota.level = plus(quota.level, math.min(steps * whole + units, greatest))
    -- What could not be counted exactly in one go is for the next time.
    quota.at = steps < passed and quota.at + steps or now
  end
end

local function keepWithin(quota)
  local most = positive(minus(quota.limit, quota.leased))
  if not isLess(quota.level, most) then quota.level, quota.carry = most, 0 end
end

local fieldsOf = {
  budget = {'kind', 'leased', 'idle', 'wants', 'limit', 'dead', 'spent', 'extra'},
  rate = {'kind', 'leased', 'idle', 'wants', 'limit', 'level', 'carry', 'at'},
  slots = {'kind', 'leased', 'idle', 'wants', 'limit'},
}

local function loadQuota(move, now)
  local values = redis.call('HMGET', quotaKey(move.id), unpack(fieldsOf[move.kind]))
  local isNew = not values[1]
  local quota = {
    isNew = isNew, leased = ofText(values[2]), idle = ofText(values[3]), wantsText = values[4] or '', limit = ofText(move.limit),
    hasLimitChanged = values[5] ~= move.limit, hasChanged = false, dead = 0,
  }
  if quota.wantsText ~= '' then quota.wants = cjson.decode(quota.wantsText) end
  if move.kind == 'budget' then
    quota.dead, quota.extra = ofText(values[6]), ofText(values[8])
    if isNew then move.begin = cjson.decode(move.begin) end
    quota.spent = isNew and spentBefore(move.begin) or ofText(values[7])
  elseif move.kind == 'rate' then
    local before = isNew and quota.limit or ofText(values[6])
    quota.level = before
    quota.carry, quota.at = tonumber(values[7] or 0), tonumber(values[8] or now)
    refill(quota, move, now)
    keepWithin(quota)
    -- What has filled is kept, since a clock may go back.
    quota.hasChanged = not isSame(quota.level, before)
  end
  return quota
end

local function nameQuota(move, quota, add)
  add('kind', move.kind)
  add('limit', move.limit)
  if not (quota.isNew and quota.spent) then return end
  local begin = move.begin
  add('counts', cjson.encode(begin.counts))
  add('unit', begin.unit)
  add('from', format('%.0f', begin.from))
  add('to', format('%.0f', begin.to))
  redis.call('ZADD', root .. 'budgets', format('%.0f', begin.to), move.id)
end

local function saveQuota(move, quota, now)
  local key, values = quotaKey(move.id), {}
  local function add(name, value)
    values[#values + 1] = name
    values[#values + 1] = value
  end
  if quota.isNew or quota.hasLimitChanged then nameQuota(move, quota, add) end
  if quota.isNew or quota.hasChanged then
    add('leased', toText(quota.leased))
    add('idle', toText(quota.idle))
    if quota.spent then add('spent', toText(quota.spent)) end
    if quota.level then
      add('level', toText(quota.level))
      add('carry', toText(quota.carry))
      add('at', toText(quota.at))
    end
  end
  local wantsText = quota.wants and next(quota.wants) and cjson.encode(quota.wants) or ''
  if wantsText ~= quota.wantsText then add('wants', wantsText) end
  if #values > 0 then redis.call('HSET', key, unpack(values)) end
  if not quota.spent then redis.call('PEXPIRE', key, keepPlacesMs + 2 * (move.refillMs or 0))
  elseif quota.isNew and move.begin.to < greatest then redis.call('PEXPIRE', key, toText(math.max(move.begin.to - now, 0) + keepBudgetMs)) end
end

-- Kind, lease and what is idle of it.
local function leaseOf(text)
  if not text then return nil, 0, 0 end
  local kind, lease, idle = string.match(text, '^(%a+) (%d+) (%d+)$')
  return kind, ofText(lease), ofText(idle)
end

local function leftOf(quota)
  if quota.level then return positive(quota.level) end
  if not quota.spent then return positive(minus(quota.limit, quota.leased)) end
  return positive(minus(minus(plus(quota.limit, quota.extra), quota.spent), quota.leased))
end

-- A grant: what is needed or nothing, and of what is wanted no more than half of what is left, divided by the holders.
local function grantOf(move, left, holders)
  if move.need == 0 or isLess(left, move.need) then return 0 end
  local share = floor(about(left) / 2 / holders)
  return smaller(left, math.min(move.want, math.max(move.need, share)))
end

-- Notes whom a quota could not give what it needs, and tells whether that was another one of late.
local function noteWant(move, quota, holder, granted, now)
  local isRefused = move.need > 0 and granted == 0
  local wants = quota.wants or {}
  if isRefused or (granted > 0 and wants[holder]) then
    wants[holder] = isRefused and now or nil
    quota.wants = wants
  end
end

local function isScarce(quota, holder, now)
  for other, at in pairs(quota.wants or {}) do
    if now - at > scarceForMs then
      quota.wants[other] = nil
    elseif other ~= holder then
      return true
    end
  end
  return false
end

-- What one holder says of one quota: 'before' and the result are its lease and what is idle of it.
local function use(move, quota, before)
  local spent = move.spent
  local lease = plus(before, move.overdraft)
  if quota.level then quota.level = minus(quota.level, move.overdraft) end
  if quota.spent then quota.spent = plus(quota.spent, spent) end
  if isLess(lease, spent) then
    -- Of a lease that went to others, or was lost: used all the same.
    if quota.level then quota.level = minus(quota.level, minus(spent, lease)) end
    lease = 0
  else
    lease = minus(lease, spent)
  end
  local back = smaller(move.back, lease)
  if quota.level then quota.level = plus(quota.level, back) end
  lease = minus(lease, back)
  quota.leased = positive(plus(quota.leased, minus(lease, before)))
  if move.overdraft > 0 or move.spent > 0 or move.back > 0 then quota.hasChanged = true end
  return lease
end

local function grant(move, quota, lease, holders)
  if quota.level then keepWithin(quota) end
  -- A lease stays a number that callers can count.
  local most = positive(minus(greatest, lease))
  local granted = grantOf(move, leftOf(quota), holders)
  if isLess(most, granted) then granted = isLess(most, move.need) and 0 or most end
  if granted > 0 then
    quota.leased = plus(quota.leased, granted)
    if quota.level then quota.level = minus(quota.level, granted) end
    quota.hasChanged = true
  end
  return granted
end

local function stateOf(quota, granted, lease, idle, scarce)
  return {
    format('%.0f', granted), toText(quota.spent or 0), toText(quota.leased), toText(lease), toText(quota.dead), toText(leftOf(quota)),
    toText(quota.extra or 0), toText(positive(minus(quota.idle, idle))), scarce and 1 or 0,
  }
end
`;
