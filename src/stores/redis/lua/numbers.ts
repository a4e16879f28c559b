/**
 * Whole numbers, exact to the unit: plain ones up to 2^53 - 1, and beyond, which a Lua number cannot count, `{high, low}` for high * 10^15 + low (0 <= low < 10^15).
 * Each number has one form only. They come and go as decimal text.
 */
export const numbers = `
local base, greatest = 1e15, 9007199254740991
local floor, fmod, format = math.floor, math.fmod, string.format
-- A pair in its one form, where low is off by at most one base.
local function toForm(high, low)
  if low >= base then high, low = high + 1, low - base
  elseif low < 0 then high, low = high - 1, low + base end
  if high >= -10 and high <= 9 then
    local plain = high * base + low
    if plain >= -greatest and plain <= greatest then return plain end
  end
  return {high, low}
end
local function pairOf(a)
  if type(a) == 'table' then return a[1], a[2] end
  local low = fmod(a, base)
  local high = (a - low) / base
  if low < 0 then return high - 1, low + base end
  return high, low
end
local function ofText(text)
  if not text then return 0 end
  if #text <= 15 then return tonumber(text) end
  local sign, digits = 1, text
  if string.sub(text, 1, 1) == '-' then sign, digits = -1, string.sub(text, 2) end
  return toForm(sign * (tonumber(string.sub(digits, 1, -16)) or 0), sign * tonumber(string.sub(digits, -15)))
end
local function toText(a)
  if type(a) == 'number' then return format('%.0f', a + 0) end
  local high, low, sign = a[1], a[2], ''
  if high < 0 then
    sign, high, low = '-', 0 - high, 0 - low
    if low < 0 then high, low = high - 1, low + base end
  end
  return sign .. format('%.0f%015.0f', high, low)
end
local function plus(a, b)
  if type(a) == 'number' and type(b) == 'number' then
    local sum = a + b
    if sum >= -greatest and sum <= greatest then return sum end
  end
  local highA, lowA = pairOf(a)
  local highB, lowB = pairOf(b)
  return toForm(highA + highB, lowA + lowB)
end
local function minus(a, b)
  if type(b) == 'number' then return plus(a, -b) end
  local highA, lowA = pairOf(a)
  return toForm(highA - b[1], lowA - b[2])
end
local function isLess(a, b)
  if type(a) == 'number' and type(b) == 'number' then return a < b end
  if type(a) == 'number' then return b[1] >= 0 end
  if type(b) == 'number' then return a[1] < 0 end
  return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2])
end
local function isSame(a, b)
  if type(a) == 'table' and type(b) == 'table' then return a[1] == b[1] and a[2] == b[2] end
  return a == b
end
local function smaller(a, b) if isLess(b, a) then return b end return a end
local function positive(a) if isLess(a, 0) then return 0 end return a end
-- As near as a Lua number comes.
local function about(a)
  local high, low = pairOf(a)
  return high * base + low
end
-- Rounded down, both below 2^53; dividing alone could round up.
local function quotient(a, b) return (a - fmod(a, b)) / b end
`;
