// An unmodified Lua interpreter in an arena: a search of a game's tree goes back by rolling the
// whole interpreter back, whatever the script did meanwhile. The same search with a hand-written
// undo, and with copies, must find the same.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <limits>
#include <vector>

#include <lua.hpp>

#include <cleave/arena.h>
#include <cleave/heap.h>
#include <cleave/must.h>

using namespace cleave;
using namespace cleave::literals;

namespace {

// Othello. Squares are 11 to 88, with a border around. play() changes the tables in place, and
// keeps what undo() needs only if the caller asks for it; save() and restore() are for those who
// would rather copy. An arena needs none of the three. Nothing here walks a table by pairs(): Lua
// seeds its hashes with addresses and the time.
constexpr const char* kScript = R"lua(
local directions = {-11, -10, -9, -1, 1, 9, 10, 11}
local worth = {8, -3, 2, 1, 1, 2, -3, 8}

local board, disks, to_move = {}, {2, 2}, 1
local undoable, history, saved = false, {}, {}
plays = 0

for square = 0, 99 do
  local row, column = square // 10, square % 10
  board[square] = (row < 1 or row > 8 or column < 1 or column > 8) and -1 or 0
end
board[44], board[45], board[54], board[55] = 2, 1, 1, 2

-- Where the line of the other's disks ends that a disk on `square` would turn over, if any.
local function line_end(square, step, own)
  local other, at = 3 - own, square + step
  while board[at] == other do at = at + step end
  if board[at] == own and at ~= square + step then return at end
end

local function legal(own)
  local squares = {}
  for square = 11, 88 do
    if board[square] == 0 then
      for _, step in ipairs(directions) do
        if line_end(square, step, own) then
          squares[#squares + 1] = square
          break
        end
      end
    end
  end
  return squares
end

-- 0 is to pass. No move at all: the game is over.
function moves()
  local squares = legal(to_move)
  if #squares == 0 and #legal(3 - to_move) > 0 then squares[1] = 0 end
  return squares
end

function play(square)
  local own, turned = to_move, {}
  plays = plays + 1
  if square ~= 0 then
    for _, step in ipairs(directions) do
      local last = line_end(square, step, own)
      if last then
        for at = square + step, last - step, step do
          board[at] = own
          turned[#turned + 1] = at
        end
      end
    end
    board[square] = own
    disks[own] = disks[own] + #turned + 1
    disks[3 - own] = disks[3 - own] - #turned
  end
  to_move = 3 - own
  if undoable then history[#history + 1] = {square = square, turned = turned} end
end

function undo()
  local last = table.remove(history)
  to_move = 3 - to_move
  if last.square == 0 then return end
  for _, at in ipairs(last.turned) do board[at] = 3 - to_move end
  board[last.square] = 0
  disks[to_move] = disks[to_move] - #last.turned - 1
  disks[3 - to_move] = disks[3 - to_move] + #last.turned
end

function keep_history() undoable = true end

function save()
  saved[#saved + 1] = {board = table.move(board, 0, 99, 0, {}),
                       disks = {disks[1], disks[2]}, to_move = to_move}
end
function restore()
  local last = saved[#saved]
  board, disks = table.move(last.board, 0, 99, 0, {}), {last.disks[1], last.disks[2]}
  to_move = last.to_move
end
function drop_saved() saved[#saved] = nil end

-- For who is to move.
function evaluate()
  local sum = 0
  for row = 1, 8 do
    for column = 1, 8 do
      local disk = board[row * 10 + column]
      if disk ~= 0 then
        local value = worth[row] * worth[column]
        sum = sum + (disk == to_move and value or -value)
      end
    end
  end
  return sum + disks[to_move] - disks[3 - to_move]
end
)lua";

/// An interpreter with the game loaded. All of it, but for this handle, lies where `allocate` puts
/// it.
class Game {
 public:
  Game(lua_Alloc allocate, void* context) : lua_(lua_newstate(allocate, context)) {
    if (lua_ == nullptr) fail_with("no memory for an interpreter");
    luaL_openlibs(lua_);
    if (luaL_dostring(lua_, kScript) != LUA_OK) fail_with(lua_tostring(lua_, -1));
  }
  ~Game() { lua_close(lua_); }
  Game(const Game&) = delete;
  Game& operator=(const Game&) = delete;

  std::vector<lua_Integer> moves() {
    call("moves", 0, 1);
    std::vector<lua_Integer> squares(lua_rawlen(lua_, -1));
    for (std::size_t i = 0; i < squares.size(); ++i) {
      lua_rawgeti(lua_, -1, static_cast<lua_Integer>(i) + 1);
      squares[i] = lua_tointeger(lua_, -1);
      lua_pop(lua_, 1);
    }
    lua_pop(lua_, 1);
    return squares;
  }
  void play(lua_Integer square) {
    lua_getglobal(lua_, "play");
    lua_pushinteger(lua_, square);
    call(nullptr, 1, 0);
  }
  int evaluate() {
    call("evaluate", 0, 1);
    return static_cast<int>(take_integer());
  }
  void run(const char* function) { call(function, 0, 0); }
  /// How many moves the script remembers to have played.
  lua_Integer plays() {
    lua_getglobal(lua_, "plays");
    return take_integer();
  }

 private:
  // Without a name: the function lies below its arguments.
  void call(const char* function, int arguments, int results) {
    if (function != nullptr) lua_getglobal(lua_, function);
    if (lua_pcall(lua_, arguments, results, 0) != LUA_OK) fail_with(lua_tostring(lua_, -1));
  }
  lua_Integer take_integer() {
    const lua_Integer value = lua_tointeger(lua_, -1);
    lua_pop(lua_, 1);
    return value;
  }
  [[noreturn]] static void fail_with(const char* message) {
    std::fprintf(stderr, "lua: %s\n", message);
    std::exit(1);
  }

  lua_State* lua_;
};

/// The arena's way back. The interpreter is at rest between two calls, so its memory is all there
/// is of it.
struct ByRollback {
  Arena& arena;
  Commit remember() { return must(arena.commit()); }
  void return_to(const Commit& here) { must(arena.checkout(here)); }
  void forget(const Commit&) {}
};

struct ByUndo {
  Game& game;
  int remember() { return 0; }
  void return_to(int) { game.run("undo"); }
  void forget(int) {}
};

struct ByCopy {
  Game& game;
  int remember() { return game.run("save"), 0; }
  void return_to(int) { game.run("restore"); }
  void forget(int) { game.run("drop_saved"); }
};

struct Found {
  lua_Integer move = 0;
  int score = 0;
  std::uint64_t nodes = 0;
  friend bool operator==(const Found&, const Found&) = default;
};

// Negamax with alpha and beta.
template <class WayBack>
int search(Game& game, WayBack& way_back, int depth, int alpha, int beta, Found& found) {
  ++found.nodes;
  if (depth == 0) return game.evaluate();
  const std::vector<lua_Integer> moves = game.moves();
  if (moves.empty()) return game.evaluate();
  const auto here = way_back.remember();
  lua_Integer best = moves.front();
  for (const lua_Integer move : moves) {
    game.play(move);
    const int score = -search(game, way_back, depth - 1, -beta, -alpha, found);
    way_back.return_to(here);
    if (score <= alpha) continue;
    alpha = score;
    best = move;
    if (alpha >= beta) break;
  }
  way_back.forget(here);
  found.move = best;  // the root's is the last to be set
  return alpha;
}

struct Timed {
  Found found;
  double seconds;  // on a processor: others may be at work
  [[nodiscard]] double nodes_per_second() const {
    return static_cast<double>(found.nodes) / seconds;
  }
};

template <class WayBack>
Timed time_search(Game& game, WayBack way_back, int depth) {
  constexpr int kInfinity = std::numeric_limits<int>::max();
  Timed timed{};
  const std::clock_t start = std::clock();
  timed.found.score = search(game, way_back, depth, -kInfinity, kInfinity, timed.found);
  timed.seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  return timed;
}

void print(const char* how, const Timed& timed) {
  std::printf("%-28s move %2lld, score %4d, %7llu nodes, %8.0f nodes/s\n", how,
              static_cast<long long>(timed.found.move), timed.found.score,
              static_cast<unsigned long long>(timed.found.nodes), timed.nodes_per_second());
}

void* allocate_with_malloc(void*, void* block, std::size_t, std::size_t bytes) {
  if (bytes != 0) return std::realloc(block, bytes);
  std::free(block);
  return nullptr;
}
void* allocate_in_heap(void* heap, void* block, std::size_t, std::size_t bytes) {
  if (bytes != 0) return static_cast<Heap*>(heap)->reallocate(block, bytes);
  static_cast<Heap*>(heap)->deallocate(block);
  return nullptr;
}

}  // namespace

// lua_search [DEPTH]
int main(int argc, char** argv) {
  const int depth = argc > 1 ? std::atoi(argv[1]) : 7;

  // Written to by nothing but the interpreter. What it keeps elsewhere is libc's: stdout's buffer,
  // and errno.
  Pool pool = must(Pool::create(64_MiB));
  Arena arena = must(Arena::create(pool, 8_MiB));
  Heap heap = must(Heap::create(arena.memory()));
  Game game(allocate_in_heap, &heap);

  const Commit start = must(arena.commit());
  const std::vector<std::byte> before(arena.memory().begin(), arena.memory().end());
  const Timed rolled_back = time_search(game, ByRollback{arena}, depth);
  must(arena.checkout(start));
  const bool is_as_before = std::memcmp(before.data(), arena.data(), before.size()) == 0;
  print("rolled back by the arena:", rolled_back);

  Game undoing(allocate_with_malloc, nullptr);
  undoing.run("keep_history");
  const Timed undone = time_search(undoing, ByUndo{undoing}, depth);
  print("undone by the script:", undone);

  Game copying(allocate_with_malloc, nullptr);
  const Timed copied = time_search(copying, ByCopy{copying}, depth);
  print("copied by the script:", copied);

  const ArenaStatistics statistics = arena.statistics();
  const auto per_node = [&](std::uint64_t count) {
    return static_cast<double>(count) / static_cast<double>(rolled_back.found.nodes);
  };
  std::printf("%.0f commits and %.0f checkouts a second, by %s; %.1f pages back a node\n",
              static_cast<double>(statistics.commits) / rolled_back.seconds,
              static_cast<double>(rolled_back.found.nodes) / rolled_back.seconds,
              name(statistics.tracking), per_node(statistics.restored));
  std::printf("speed by that of undo %.2f, by that of copies %.2f\n",
              rolled_back.nodes_per_second() / undone.nodes_per_second(),
              rolled_back.nodes_per_second() / copied.nodes_per_second());
  std::printf("moves that the scripts remember: rolled back %lld, undone %lld\n",
              static_cast<long long>(game.plays()), static_cast<long long>(undoing.plays()));

  const bool all_agree = rolled_back.found == undone.found && undone.found == copied.found;
  if (!all_agree) std::printf("WRONG: the searches do not agree\n");
  if (!is_as_before) std::printf("WRONG: a byte of the interpreter is not what it was\n");
  return all_agree && is_as_before && game.plays() == 0 ? 0 : 1;
}
