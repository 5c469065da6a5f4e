// Real input and output through pins and holds, into and out of spaces that others fork, write,
// unmap and roll back meanwhile. Every byte is accounted for; docs/explanation/torture.md says how.
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#ifdef CLEAVE_TORTURE_BACKING
#include <cleave/backing/compressed.h>
#include <cleave/backing/swap_file.h>
#endif
#include <cleave/must.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "frames/slots/trim_guard.h"
#include "tests/torture/player.h"

namespace cleave::torture {
namespace {

constexpr std::uint64_t kPoolBytes = std::uint64_t{64} << 20;

// With a backing, pages have little memory to share, and go in the background and directly.
Pool make_pool(const Options& options) {
#ifdef CLEAVE_TORTURE_BACKING
  const ByteCount memory = ByteCount{options.memory << 10};
  if (options.backing == Behind::swap_file)
    return must(Pool::create(
        memory, must(swap_file({.bytes = 2 * kPoolBytes, .directory = options.directory}))));
  if (options.backing == Behind::compressed) {
    auto next = must(swap_file({.bytes = 2 * kPoolBytes, .directory = options.directory}));
    return must(
        Pool::create(memory, must(compressed({.bytes = 4 << 20, .next = std::move(next)}))));
  }
#endif
  return must(Pool::create(ByteCount{kPoolBytes}));
}

std::string kernel() {
  utsname name{};
  (void)uname(&name);
  return name.release;
}

struct Outcome {
  Counts counts;
  double seconds;
  bool direct;
  bool registered;
  std::uint64_t bytes_lost;
  std::uint64_t wrongs;
  std::uint64_t copies;
  std::uint64_t went;
  std::uint64_t came;
};

Outcome run(const Options& options) {
  auto torture = std::make_unique<Torture>(options);
  // Registered buffers know memory, not addresses: trim() must leave it in place.
  detail::TrimGuard trim_guard(detail::HandleAccess::state(torture->pool).slots());
  if (options.registered) {
    for (std::uint64_t s = 0; s < trim_guard.extents(); ++s) (void)trim_guard.keep(s);
  }
  std::vector<std::unique_ptr<Player>> players;
  players.reserve(options.threads);
  for (unsigned i = 0; i < options.threads; ++i)
    players.push_back(std::make_unique<Player>(*torture, i));

  const auto start = std::chrono::steady_clock::now();
  const auto end = start + std::chrono::duration<double>(options.seconds);
  std::vector<std::thread> threads;
  threads.reserve(options.threads);
  for (auto& player : players) threads.emplace_back([&player] { player->play(); });
  while (std::chrono::steady_clock::now() < end && !torture->stop)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  torture->stop = true;
  for (auto& thread : threads) thread.join();
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;

  Outcome outcome{};
  outcome.seconds = time.count();
  outcome.direct = players[0]->device().is_direct();
  outcome.registered = players[0]->device().is_registered();
  for (auto& player : players) {
    player->check_at_the_end();
    for (std::size_t k = 0; k < Counts::kinds; ++k)
      outcome.counts.count[k] += player->counts().count[k];
  }
  players.clear();
  for (auto& board : torture->boards) board.reset();
  torture->pool.stop_reclaim();  // Pages that are just going count until they went.
  const PoolStatistics s = torture->pool.statistics();
  if (s.used + s.away + s.nodes + s.regions + s.spaces + s.accessors + s.short_pins + s.long_pins !=
      0) {
    torture->wrong(
        "something is left in the pool",
        fmt::format("{} frames, {} nodes, {} pins", s.used, s.nodes, s.short_pins + s.long_pins));
  }
  if (s.used + s.free + s.ready + s.returned + s.untouched != s.budget)
    torture->wrong("frames do not add up", "");
  outcome.copies = s.copies;
  outcome.went = s.went;
  outcome.came = s.came;
  outcome.bytes_lost = torture->bytes_lost;
  outcome.wrongs = torture->wrongs;
  return outcome;
}

void print(const Outcome& o) {
  if (!o.direct) fmt::print("no O_DIRECT here: all goes through the page cache\n");
  if (!o.registered) fmt::print("no registered buffer: each request names its memory\n");
  for (std::size_t k = 0; k < Counts::kinds; ++k)
    fmt::print("{:>14} {}\n", o.counts.count[k], Counts::names[k]);
  fmt::print("{:>14} pages copied\n", o.copies);
  if (o.went != 0) fmt::print("{:>14} pages went, {} came back\n", o.went, o.came);
  const std::uint64_t both = o.counts.pins() + o.counts.count[Counts::forks];
  fmt::print("{:>14.0f} pins and forks a minute\n", static_cast<double>(both) * 60 / o.seconds);
  fmt::print("bytes lost: {}\n", o.bytes_lost);
  if (o.wrongs != 0) fmt::print("other wrong answers: {}\n", o.wrongs);
}

void print_json(const Options& options, const Outcome& o) {
  fmt::print("{{\"kernel\": \"{}\", \"seed\": {}, \"threads\": {}, \"seconds\": {:.3f}, ", kernel(),
             options.seed, options.threads, o.seconds);
  fmt::print("\"direct\": {}, \"registered_buffer\": {}, ", o.direct, o.registered);
  for (std::size_t k = 0; k < Counts::kinds; ++k) {
    std::string name = Counts::names[k];
    name.erase(std::remove(name.begin(), name.end(), ','), name.end());
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
    fmt::print("\"{}\": {}, ", name, o.counts.count[k]);
  }
  fmt::print(
      "\"pages_copied\": {}, \"pages_went\": {}, \"pages_came\": {}, \"other_wrong_answers\": {}, "
      "\"bytes_lost\": {}}}\n",
      o.copies, o.went, o.came, o.wrongs, o.bytes_lost);
}

}  // namespace

Torture::Torture(const Options& chosen) : options(chosen), pool(make_pool(chosen)) {
  must(pool.reserve(pool.statistics().budget * kPageSize));
  if (options.backing != Behind::nothing) must(pool.start_reclaim());
  for (auto& board : boards) board = std::make_unique<Board>(pool);
}

void Torture::lost(const char* where, Place place, const Difference& difference,
                   const Allowed& allowed) {
  bytes_lost += difference.bytes;
  stop = true;
  const std::lock_guard guard(printing_);
  if (++printed_ > 10) return;
  fmt::print(stderr,
             "LOST: {}: board {}, page {}, sector {} ({}), word {}: {}: generation {}, number {}"
             " ({:#018x}); {}generation {}, numbers {} to {} may be there\n",
             where, place.board, place.page, place.sector,
             allowed.writer == Writer::device  ? "a device's"
             : allowed.writer == Writer::words ? "a thread's, word after word"
                                               : "a thread's, whole",
             difference.word, difference.what, generation_in(difference.seen),
             sequence_in(difference.seen), difference.seen,
             allowed.known ? "" : "uncertain: ", allowed.generation, allowed.low, allowed.high);
}

void Torture::wrong(const char* what, const std::string& details) {
  ++wrongs;
  stop = true;
  const std::lock_guard guard(printing_);
  if (++printed_ <= 10) fmt::print(stderr, "WRONG: {}: {}\n", what, details);
}

}  // namespace cleave::torture

int main(int argc, char** argv) try {
  using namespace cleave::torture;
  Options options;
  options.seed = std::random_device{}();
  const char* temporary = std::getenv("TMPDIR");
  options.directory = temporary != nullptr ? temporary : ".";
  bool json = false;
  bool plain = false;
  bool cached = false;
  CLI::App app("Reads and writes files through pins and holds while others fork, write and unmap.");
  app.add_option("--seconds", options.seconds, "How long");
  app.add_option("--threads", options.threads, "How many threads, each with a disk of its own")
      ->check(CLI::Range(1, 31));
  app.add_option("--seed", options.seed, "What the threads do follows from it; not in which order");
  app.add_option("--directory", options.directory, "Where the files lie; else $TMPDIR, or here");
  app.add_flag("--json", json, "Print the counts as JSON");
  app.add_flag("--plain", plain, "Register no buffer");
  app.add_flag("--cached", cached, "Do not ask for O_DIRECT");
  const std::map<std::string, Break> breaks{{"fork", Break::fork}, {"hold", Break::hold}};
  app.add_option(
         "--break", options.broken,
         "Let go of pins (fork) or of holds (hold) before the device is done: must be found")
      ->transform(CLI::CheckedTransformer(breaks));
#ifdef CLEAVE_TORTURE_BACKING
  const std::map<std::string, Behind> behind{
      {"none", Behind::nothing}, {"swap", Behind::swap_file}, {"compressed", Behind::compressed}};
  app.add_option(
         "--backing", options.backing,
         "Where pages go meanwhile: none, a swap file (swap), or compressed memory before it")
      ->transform(CLI::CheckedTransformer(behind));
  app.add_option("--memory", options.memory, "With a backing: KiB of memory for pages");
#endif
  CLI11_PARSE(app, argc, argv);
  options.registered = !plain;
  options.direct = !cached;

  if (!json) {
    fmt::print("cleave_torture --seconds {} --threads {} --seed {} on Linux {}\n", options.seconds,
               options.threads, options.seed, kernel());
    std::fflush(stdout);
  }
  const Outcome outcome = run(options);
  json ? print_json(options, outcome) : print(outcome);
  return outcome.bytes_lost == 0 && outcome.wrongs == 0 ? 0 : 1;
} catch (const std::exception& e) {
  std::fprintf(stderr, "torture: %s\n", e.what());
  return 2;
}
