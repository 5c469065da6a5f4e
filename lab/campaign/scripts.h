// What the server does in one piece. Redis runs a script alone, and with appendfsync always what it
// did is on the disk before the answer goes out: a unit is answered and acknowledged, or neither.
#pragma once

namespace lab::campaign {

// Keys of all scripts: 1 the identity, 2 the stream of units, 3 the answers by unit, 4 the workers
// with the time of their last sign of life, 5 what went wrong. ARGV[1] is the identity of all, and
// ARGV[2] the worker.

/// Arguments 3 on: the units, in the order in which they are to be made. The identity that is
/// there.
inline constexpr const char* kOpen = R"(
local there = redis.call('GET', KEYS[1])
if there then return there end
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
redis.call('XGROUP', 'CREATE', KEYS[2], 'workers', '0', 'MKSTREAM')
for i = 3, #ARGV do redis.call('XADD', KEYS[2], '*', 'unit', ARGV[i]) end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
)";

/// The worker lives.
inline constexpr const char* kBeat = R"(
redis.call('ZADD', KEYS[4], redis.call('TIME')[1], ARGV[2])
return ''
)";

/// Argument 3: seconds after which a silent worker has ended; 4: how many units there are; 5 on:
/// the entries that the worker has in hand. {unit, entry, number}, {wait}, {done}, {wrong, text},
/// or {lost}: the server has lost what it had. An entry of this worker that it does not know of
/// is one whose answer went down with the connection.
inline constexpr const char* kTake = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local wrong = redis.call('GET', KEYS[5])
if wrong then return {'wrong', wrong} end
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[4], now, ARGV[2])
local in_hand = {}
for i = 5, #ARGV do in_hand[ARGV[i]] = true end
local function is_open(entry)
  local id, unit = entry[1], entry[2][2]
  if redis.call('HEXISTS', KEYS[3], unit) == 0 then return true end
  redis.call('XACK', KEYS[2], 'workers', id)
  redis.call('XDEL', KEYS[2], id)
  return false
end
while true do
  local new =
    redis.call('XREADGROUP', 'GROUP', 'workers', ARGV[2], 'COUNT', 1, 'STREAMS', KEYS[2], '>')
  if not new then break end
  local entry = new[1][2][1]
  if is_open(entry) then return {'unit', entry[1], entry[2][2]} end
end
local from = '-'
while true do
  local pending = redis.call('XPENDING', KEYS[2], 'workers', from, '+', 100)
  for _, of in ipairs(pending) do
    local id, owner = of[1], of[2]
    local beat = redis.call('ZSCORE', KEYS[4], owner)
    local is_gone = not beat or tonumber(beat) + tonumber(ARGV[3]) < now
    if owner == ARGV[2] then is_gone = not in_hand[id] end
    if is_gone then
      local entry = redis.call('XCLAIM', KEYS[2], 'workers', ARGV[2], 0, id)[1]
      if entry and is_open(entry) then return {'unit', id, entry[2][2]} end
    end
    from = '(' .. id
  end
  if #pending < 100 then break end
end
if redis.call('HLEN', KEYS[3]) == tonumber(ARGV[4]) then return {'done'} end
return {'wait'}
)";

/// Argument 3: the entry, or nothing; 4: the unit; 5: its answer. {kept}, {lost}, or {wrong, text}:
/// another worker has another answer, and no worker goes on.
inline constexpr const char* kAnswer = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local there = redis.call('HGET', KEYS[3], ARGV[4])
if there and there ~= ARGV[5] then
  local wrong = 'unit ' .. ARGV[4] .. ' has two answers, the second from ' .. ARGV[2]
  redis.call('SET', KEYS[5], wrong)
  return {'wrong', wrong}
end
redis.call('HSET', KEYS[3], ARGV[4], ARGV[5])
if ARGV[3] ~= '' then
  redis.call('XACK', KEYS[2], 'workers', ARGV[3])
  redis.call('XDEL', KEYS[2], ARGV[3])
end
return {'kept'}
)";

}  // namespace lab::campaign
