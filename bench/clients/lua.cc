// An unmodified Lua interpreter with all of its memory in the arena: a village that goes on.
#if CLEAVE_HAVE_LUA

#include <cstdio>
#include <cstdlib>

#include <lua.hpp>

#include <cleave/heap.h>
#include <cleave/must.h>

#include "bench/clients/client.h"

namespace cleave::bench {
namespace {

using namespace literals;

constexpr const char* kScript = R"lua(
local random, people = 1, {}
local function below(n)
  random = (random * 1103515245 + 12345) % 2147483648
  return (random >> 8) % n + 1
end
for i = 1, 20000 do people[i] = {name = "person " .. i, money = 100, knows = {}} end
function day()
  for hour = 1, 400 do
    local one, other = people[below(#people)], people[below(200)]
    one.money, other.money = one.money - 1, other.money + 1
    other.knows[#other.knows % 20 + 1] = one
    one.last = "met " .. other.name .. " at " .. hour
  end
end
)lua";

void* allocate(void* heap, void* block, std::size_t, std::size_t bytes) {
  if (bytes != 0) return static_cast<Heap*>(heap)->reallocate(block, bytes);
  static_cast<Heap*>(heap)->deallocate(block);
  return nullptr;
}

class Village final : public Client {
 public:
  explicit Village(std::span<std::byte> memory)
      : heap_(must(Heap::create(memory))), lua_(lua_newstate(allocate, &heap_)) {
    luaL_openlibs(lua_);
    check(luaL_dostring(lua_, kScript));
  }
  ~Village() override { lua_close(lua_); }

  void run_epoch() override {
    lua_getglobal(lua_, "day");
    check(lua_pcall(lua_, 0, 0, 0));
  }

 private:
  void check(int result) {
    if (result == LUA_OK) return;
    std::fprintf(stderr, "lua: %s\n", lua_tostring(lua_, -1));
    std::exit(1);
  }

  Heap heap_;
  lua_State* lua_;
};

}  // namespace

const ClientKind kLuaClient{.name = "lua",
                            .what = "a day of a simulated village in Lua",
                            .memory = 64_MiB,
                            .make = [](std::span<std::byte> memory) -> std::unique_ptr<Client> {
                              return std::make_unique<Village>(memory);
                            }};

}  // namespace cleave::bench

#endif
