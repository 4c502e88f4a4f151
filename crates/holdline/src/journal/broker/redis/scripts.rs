//! The scripts that Redis runs.

use ::redis::{Cmd, Connection as Wire, cmd};

use super::replies::trouble;
use crate::journal::broker::engine::Trouble;

/// The names under which a server has them.
#[derive(Debug)]
pub(super) struct Scripts {
    publish: String,
    look: String,
    set_life: String,
    take_lease: String,
    give_lease: String,
}

impl Scripts {
    pub(super) fn load(wire: &mut Wire) -> Result<Self, Trouble> {
        let mut load = |script: &str| {
            let name = cmd("SCRIPT").arg("LOAD").arg(script).query(wire);
            name.map_err(|error| trouble(&error))
        };
        Ok(Self {
            publish: load(PUBLISH)?,
            look: load(LOOK)?,
            set_life: load(SET_LIFE)?,
            take_lease: load(TAKE_LEASE)?,
            give_lease: load(GIVE_LEASE)?,
        })
    }

    pub(super) fn publish(&self, keys: &[&str]) -> Cmd {
        call(&self.publish, keys)
    }

    pub(super) fn look(&self, keys: &[&str]) -> Cmd {
        call(&self.look, keys)
    }

    pub(super) fn set_life(&self, keys: &[&str]) -> Cmd {
        call(&self.set_life, keys)
    }

    pub(super) fn take_lease(&self, keys: &[&str]) -> Cmd {
        call(&self.take_lease, keys)
    }

    pub(super) fn give_lease(&self, keys: &[&str]) -> Cmd {
        call(&self.give_lease, keys)
    }
}

fn call(name: &str, keys: &[&str]) -> Cmd {
    let mut command = cmd("EVALSHA");
    command.arg(name).arg(keys.len()).arg(keys);
    command
}

/// Arguments: the beginning of the life's record, how many entries to keep, how many keys, for how many milliseconds,
/// the key's scope or nothing, its content, the number of the lease that is the fifth key if there is one, and the fields
/// of the entry.
const PUBLISH: &str = r"
local life = redis.call('GET', KEYS[2])
if not life or string.sub(life, 1, #ARGV[1]) ~= ARGV[1] then
  return {'other-life'}
end
if KEYS[5] and redis.call('GET', KEYS[5]) ~= ARGV[7] then
  return {'fenced'}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local scope = ARGV[5]
if scope ~= '' then
  local old = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now, 'LIMIT', 0, 100)
  for _, key in ipairs(old) do
    redis.call('ZREM', KEYS[4], key)
    redis.call('HDEL', KEYS[3], key)
  end
  local seen = redis.call('HGET', KEYS[3], scope)
  local until_ = redis.call('ZSCORE', KEYS[4], scope)
  if seen and until_ and tonumber(until_) > now then
    if string.sub(seen, 1, #ARGV[6]) ~= ARGV[6] then
      return {'other-content'}
    end
    return {'repeated', string.sub(seen, #ARGV[6] + 1)}
  end
  if not seen and redis.call('ZCARD', KEYS[4]) >= tonumber(ARGV[3]) then
    local next = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')
    return {'full', math.max(0, tonumber(next[2] or now) - now)}
  end
end
local entry = {'XADD', KEYS[1], 'NOMKSTREAM', 'MAXLEN', '~', ARGV[2], '0-*', 'time', string.format('%.0f', now)}
for index = 8, #ARGV do
  entry[#entry + 1] = ARGV[index]
end
local id = redis.call(unpack(entry))
if not id then
  return {'other-life'}
end
local number = string.match(id, '%d+$')
if #number > 19 or (#number == 19 and number > '9223372036854775807') then
  redis.call('XDEL', KEYS[1], id)
  return redis.error_reply('ERR the number is too great')
end
if scope ~= '' then
  redis.call('HSET', KEYS[3], scope, ARGV[6] .. id)
  redis.call('ZADD', KEYS[4], string.format('%.0f', now + tonumber(ARGV[4])), scope)
end
return {'number', id}
";

/// Returns the life's record, the newest ID that ever was, the newest ID that is a number and is there, and the oldest.
const LOOK: &str = r"
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {'', '0-0', '0-0', '0-0'}
end
local life = redis.call('GET', KEYS[2]) or ''
local info = redis.call('XINFO', 'STREAM', KEYS[1])
local newest = '0-0'
for index = 1, #info, 2 do
  if info[index] == 'last-generated-id' then
    newest = info[index + 1]
  end
end
local last = redis.call('XREVRANGE', KEYS[1], '0-9223372036854775807', '-', 'COUNT', 1)
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
return {life, newest, last[1] and last[1][1] or '0-0', first[1] and first[1][1] or '0-0'}
";

/// Arguments: the record before or nothing, the next one, the ID where it starts, and whether it is a new life. A record
/// without its stream counts as none.
const SET_LIFE: &str = r"
local life = redis.call('EXISTS', KEYS[1]) == 1 and redis.call('GET', KEYS[2]) or ''
if life ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[2], ARGV[2])
if ARGV[4] == '0' then
  return 1
end
redis.call('DEL', KEYS[3], KEYS[4])
-- An empty stream, if there is none: one that is not there does not have what this life has.
redis.call('XGROUP', 'CREATE', KEYS[1], 'holdline', '0', 'MKSTREAM')
redis.call('XGROUP', 'DESTROY', KEYS[1], 'holdline')
local info = redis.call('XINFO', 'STREAM', KEYS[1])
for index = 1, #info, 2 do
  if info[index] == 'last-generated-id' then
    local time, number = string.match(info[index + 1], '^(%d+)-(%d+)$')
    if time == '0' and tonumber(number) < tonumber(string.sub(ARGV[3], 3)) then
      redis.call('XSETID', KEYS[1], ARGV[3])
    end
  end
end
return 1
";

/// Arguments: the number with which we have the lease or nothing, milliseconds, and something random. Returns the number
/// with which we have it now, or nothing. The random part tells numbers apart that were counted again from the start,
/// because the count was lost.
const TAKE_LEASE: &str = r"
local number = redis.call('GET', KEYS[1])
if number then
  if number ~= ARGV[1] then
    return ''
  end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return number
end
number = string.format('%.0f', redis.call('INCR', KEYS[2])) .. '-' .. ARGV[3]
redis.call('SET', KEYS[1], number, 'PX', ARGV[2])
return number
";

/// The argument is the number with which we had the lease.
const GIVE_LEASE: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 1
";
