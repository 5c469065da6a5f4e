// Rollback netcode: a machine with 32 MiB of memory at 60 frames a second, and the other player's
// input up to eight frames late. Each frame begins with a commit. When input arrives that is not
// what was guessed, the machine goes back to before it and plays the frames again. Meanwhile the
// cartridge's thread reads from a file straight into the machine's memory.
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include <cleave/arena.h>
#include <cleave/must.h>
#include <cleave/quiesce.h>

using namespace cleave;
using namespace cleave::literals;

namespace {

using Clock = std::chrono::steady_clock;
using Buttons = std::uint32_t;
constexpr auto kFrameTime = std::chrono::nanoseconds(1'000'000'000 / 60);
constexpr std::uint64_t kMostLate = 8;  // frames

// ---- The machine: all that it is lies in its 32 MiB, and all that it does follows from that and
// the input.

constexpr std::size_t kPiece = 4096;
constexpr std::size_t kBankSize = 64 << 10;
constexpr std::uint64_t kBanks = 64;
constexpr std::uint64_t kFramesToLoad = 4;

struct Machine {
  struct Registers {
    std::uint64_t frame;
    std::uint64_t random;
    std::array<std::uint64_t, 2> players;
    std::uint64_t digest;  // of every frame shown so far
    // The cartridge loads `bank`, piece by piece; the program set `loaded` to 0 to have it so.
    std::uint64_t bank;
    std::uint64_t loaded;
  };
  alignas(kPiece) Registers registers;
  alignas(kPiece) std::array<std::byte, kBankSize> window;  // where banks are loaded to
  alignas(kPiece) std::array<std::uint32_t, 256 * 224> screen;
  std::array<std::uint64_t, ((32 << 20) - kPiece - kBankSize - sizeof screen) / 8> work;

  // Both sides look at it while the other works.
  std::atomic_ref<std::uint64_t> loaded() { return std::atomic_ref(registers.loaded); }
};
static_assert(sizeof(Machine) == 32 << 20);

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  a ^= b + 0x9e3779b97f4a7c15 + (a << 6) + (a >> 2);
  a *= 0xbf58476d1ce4e5b9;
  return a ^ (a >> 29);
}

/// One frame. `load(machine)` is called when a load begins, `wait(machine)` when the program needs
/// what was loaded.
template <class Load, class Wait>
void run_frame(Machine& machine, std::array<Buttons, 2> input, Load load, Wait wait) {
  Machine::Registers& registers = machine.registers;
  if (registers.frame % kFramesToLoad == 0) {
    wait(machine);
    for (std::size_t at = 0; at < kBankSize; at += 64) {
      registers.digest = mix(registers.digest, static_cast<std::uint64_t>(machine.window[at]));
    }
    registers.bank = registers.random % kBanks;
    machine.loaded().store(0, std::memory_order_release);
    load(machine);
  }
  for (std::size_t player = 0; player < 2; ++player) {
    registers.players[player] = mix(registers.players[player], input[player]);
    for (int i = 0; i < 100; ++i) {
      registers.random = mix(registers.random, registers.players[player]);
      std::uint64_t& word = machine.work[registers.random % machine.work.size()];
      word = mix(word, registers.random);
      registers.digest = mix(registers.digest, word);
    }
  }
  for (std::size_t i = 0; i < machine.screen.size(); ++i) {
    machine.screen[i] = static_cast<std::uint32_t>(registers.digest >> 32) ^
                        static_cast<std::uint32_t>(i * registers.players[i & 1]);
  }
  for (std::size_t i = 0; i < machine.screen.size(); i += 32) {
    registers.digest = mix(registers.digest, machine.screen[i]);
  }
  ++registers.frame;
}

// What the players press: held for some frames, as people do.
Buttons pressed(unsigned player, std::uint64_t frame) {
  return static_cast<Buttons>(mix(player + 1, frame / (player + 4)) & 0xff);
}

// ---- The cartridge

class RomFile {
 public:
  RomFile() : file_(memfd_create("rom", MFD_CLOEXEC)) {
    std::mt19937_64 random(1);
    std::vector<std::uint64_t> bank(kBankSize / 8);
    for (std::uint64_t n = 0; n < kBanks; ++n) {
      std::ranges::generate(bank, random);
      if (write(file_, bank.data(), kBankSize) != static_cast<ssize_t>(kBankSize)) std::abort();
    }
  }
  ~RomFile() { (void)close(file_); }
  RomFile(const RomFile&) = delete;
  RomFile& operator=(const RomFile&) = delete;

  void read_piece(Machine& machine, std::uint64_t loaded) const {
    const auto from = static_cast<off_t>(machine.registers.bank * kBankSize + loaded);
    if (pread(file_, machine.window.data() + loaded, kPiece, from) != kPiece) {
      std::perror("emulator: read(2) into the machine's memory");
      std::exit(1);
    }
  }

 private:
  int file_;
};

/// Loads banks, on a thread of its own. It keeps nothing to itself: what it has done and has still
/// to do is in the machine's registers, and goes back when they do.
class Cartridge {
 public:
  Cartridge(Arena& arena, Machine& machine, Quiesce& quiesce)
      : arena_(arena), machine_(machine), quiesce_(quiesce), thread_([this] { run(); }) {}
  ~Cartridge() {
    ring(true);
    thread_.join();
  }
  Cartridge(const Cartridge&) = delete;
  Cartridge& operator=(const Cartridge&) = delete;

  /// There may be something to load, because the program asks for it or the registers went back.
  void look_again() { ring(false); }
  void wait_until_loaded() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return machine_.loaded().load(std::memory_order_acquire) == kBankSize; });
  }

 private:
  void ring(bool for_good) {
    const std::lock_guard lock(mutex_);
    is_wanted_ = true;
    is_over_ = is_over_ || for_good;
    changed_.notify_all();
  }
  bool sleep_until_wanted() {
    std::unique_lock lock(mutex_);
    changed_.notify_all();  // whoever waits for the bank
    changed_.wait(lock, [&] { return is_wanted_; });
    is_wanted_ = false;
    return !is_over_;
  }
  void run() {
    Quiesce::Worker worker(quiesce_);
    const auto sleep = [&] {
      const Quiesce::Worker::Away away(worker);
      return sleep_until_wanted();
    };
    while (sleep()) {
      std::uint64_t loaded;
      while ((loaded = machine_.loaded().load(std::memory_order_acquire)) < kBankSize) {
        arena_.mark_dirty(machine_.window.data() + loaded,
                          kPiece);  // for kernels that need to be told
        rom_.read_piece(machine_, loaded);
        machine_.loaded().store(loaded + kPiece, std::memory_order_release);
        worker.pause_point();  // commits and checkouts happen here
      }
    }
  }

  Arena& arena_;
  Machine& machine_;
  Quiesce& quiesce_;
  RomFile rom_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_wanted_ = false;
  bool is_over_ = false;
  std::thread thread_;
};

// ---- The other player

struct Packet {
  std::uint64_t frame;
  Buttons buttons;
};

/// Told of our frames as they begin, it sends what it presses in its own, each some frames late,
/// and not always in order.
class OtherPlayer {
 public:
  explicit OtherPlayer(std::uint64_t frames) {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends_.data()) != 0) std::abort();
    thread_ = std::thread([=, this] { play(frames); });
  }
  ~OtherPlayer() {
    (void)shutdown(ends_[0], SHUT_RDWR);
    thread_.join();
    for (const int end : ends_) (void)close(end);
  }
  OtherPlayer(const OtherPlayer&) = delete;
  OtherPlayer& operator=(const OtherPlayer&) = delete;

  void send(const Packet& packet) const { send_to(ends_[0], packet); }
  /// The next packet. Without waiting: nothing if none has come.
  std::optional<Packet> receive_if_any() const { return receive_from(ends_[0], MSG_DONTWAIT); }
  Packet receive() const {
    const auto packet = receive_from(ends_[0], 0);
    if (!packet) std::abort();
    return *packet;
  }

 private:
  static void send_to(int end, const Packet& packet) {
    if (::send(end, &packet, sizeof packet, MSG_NOSIGNAL) != sizeof packet) std::abort();
  }
  static std::optional<Packet> receive_from(int end, int flags) {
    Packet packet;
    if (recv(end, &packet, sizeof packet, flags) != sizeof packet) return {};
    return packet;
  }
  void play(std::uint64_t frames) const {
    std::mt19937_64 random(2);
    std::multimap<std::uint64_t, Packet> due;  // by the frame of their arrival
    for (std::uint64_t frame = 0; frame < frames; ++frame) {
      due.insert({frame + random() % (kMostLate + 1), {frame, pressed(1, frame)}});
    }
    while (const auto theirs = receive_from(ends_[1], 0)) {
      const auto end = due.upper_bound(theirs->frame);
      for (auto packet = due.begin(); packet != end; ++packet) send_to(ends_[1], packet->second);
      due.erase(due.begin(), end);
    }
  }

  std::array<int, 2> ends_{};
  std::thread thread_;
};

/// What the other player pressed, as far as it has come; for the rest, what was pressed last.
class Inputs {
 public:
  explicit Inputs(std::uint64_t frames) : known_(frames), used_(frames) {}

  Buttons use(std::uint64_t frame) {
    std::uint64_t last = frame + 1;
    while (last != 0 && !known_[last - 1]) --last;
    return used_[frame] = last == 0 ? 0 : *known_[last - 1];
  }
  /// Whether the frame was played with something else.
  bool learn(const Packet& packet, std::uint64_t now) {
    known_[packet.frame] = packet.buttons;
    return packet.frame < now && used_[packet.frame] != packet.buttons;
  }
  /// Whether all frames before this one are as they were pressed.
  [[nodiscard]] bool complete_before(std::uint64_t frame) {
    while (complete_ < frame && known_[complete_]) ++complete_;
    return complete_ >= frame;
  }

 private:
  std::vector<std::optional<Buttons>> known_;
  std::vector<Buttons> used_;
  std::uint64_t complete_ = 0;
};

// ---- The emulator

struct Times {
  double sum = 0;
  double worst = 0;
  std::uint64_t count = 0;
  void add(double milliseconds) {
    sum += milliseconds;
    worst = std::max(worst, milliseconds);
    ++count;
  }
  [[nodiscard]] double mean() const { return count == 0 ? 0 : sum / static_cast<double>(count); }
};

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

class Emulator {
 public:
  explicit Emulator(std::uint64_t frames)
      : frames_(frames),
        pool_(must(Pool::create(256_MiB))),
        arena_(must(Arena::create(pool_, sizeof(Machine)))),
        machine_(*reinterpret_cast<Machine*>(arena_.data())),
        cartridge_(arena_, machine_, quiesce_),
        inputs_(frames) {
    cartridge_.look_again();
  }

  void run() {
    const OtherPlayer other(frames_);
    const auto start = Clock::now();
    for (std::uint64_t frame = 0; frame < frames_; ++frame) {
      std::this_thread::sleep_until(start + frame * kFrameTime);
      const auto began = Clock::now();
      other.send({frame, pressed(0, frame)});
      receive(other, frame);
      play(frame);
      frame_times_.add(milliseconds_since(began));
    }
    other.send({frames_ + kMostLate, 0});
    while (!inputs_.complete_before(frames_)) learn(other.receive(), frames_);
    correct(frames_);
    cartridge_.wait_until_loaded();
  }
  [[nodiscard]] const Machine& machine() const { return machine_; }

  void report() const {
    const ArenaStatistics statistics = arena_.statistics();
    std::printf(
        "%llu frames; a frame %.2f ms, worst %.2f of 16.67; %llu waited for the other player\n",
        static_cast<unsigned long long>(frames_), frame_times_.mean(), frame_times_.worst,
        static_cast<unsigned long long>(waits_));
    std::printf(
        "%llu rollbacks, of %.1f frames, at most %.0f; worst %.2f ms, of which going back %.2f\n",
        static_cast<unsigned long long>(rollback_times_.count), depths_.mean(), depths_.worst,
        rollback_times_.worst, checkout_times_.worst);
    std::printf(
        "commit %.3f ms, worst %.3f; %llu pages of 8192 each; checkout %.3f ms; tracked by %s\n",
        commit_times_.mean(), commit_times_.worst,
        static_cast<unsigned long long>(statistics.recorded / statistics.commits),
        checkout_times_.mean(), name(statistics.tracking));
  }

 private:
  // All that has come; and where more would be late than can be made good, what has not.
  void receive(const OtherPlayer& other, std::uint64_t frame) {
    while (const auto packet = other.receive_if_any()) learn(*packet, frame);
    const std::uint64_t needed = frame < kMostLate ? 0 : frame - kMostLate + 1;
    if (!inputs_.complete_before(needed)) ++waits_;
    while (!inputs_.complete_before(needed)) learn(other.receive(), frame);
    correct(frame);
  }
  void learn(const Packet& packet, std::uint64_t now) {
    if (inputs_.learn(packet, now)) wrong_from_ = std::min(wrong_from_, packet.frame);
  }
  // Goes back to before the first frame that was played wrongly, and plays up to `now` again.
  void correct(std::uint64_t now) {
    if (wrong_from_ >= now) return;
    const auto began = Clock::now();
    {
      const auto stopped = quiesce_.stop();
      must(arena_.checkout(*before_[wrong_from_ % before_.size()]));
    }
    checkout_times_.add(milliseconds_since(began));
    cartridge_.look_again();
    for (std::uint64_t frame = wrong_from_; frame < now; ++frame) play(frame);
    rollback_times_.add(milliseconds_since(began));
    depths_.add(static_cast<double>(now - wrong_from_));
    wrong_from_ = ~std::uint64_t{0};
  }
  void play(std::uint64_t frame) {
    const auto began = Clock::now();
    {
      const auto stopped = quiesce_.stop();
      before_[frame % before_.size()] = must(arena_.commit());
    }
    commit_times_.add(milliseconds_since(began));
    run_frame(
        machine_, {pressed(0, frame), inputs_.use(frame)},
        [&](Machine&) { cartridge_.look_again(); },
        [&](Machine&) { cartridge_.wait_until_loaded(); });
  }

  std::uint64_t frames_;
  Pool pool_;
  Arena arena_;
  Machine& machine_;
  Quiesce quiesce_;
  Cartridge cartridge_;
  Inputs inputs_;
  std::array<std::optional<Commit>, kMostLate> before_;
  std::uint64_t wrong_from_ = ~std::uint64_t{0};
  std::uint64_t waits_ = 0;
  Times frame_times_, commit_times_, checkout_times_, rollback_times_, depths_;
};

/// The same game on ordinary memory, with all input known.
std::unique_ptr<Machine> play_straight(std::uint64_t frames) {
  auto machine = std::make_unique<Machine>();
  const RomFile rom;
  const auto load = [&](Machine& into) {
    for (; into.registers.loaded < kBankSize; into.registers.loaded += kPiece) {
      rom.read_piece(into, into.registers.loaded);
    }
  };
  load(*machine);
  for (std::uint64_t frame = 0; frame < frames; ++frame) {
    run_frame(*machine, {pressed(0, frame), pressed(1, frame)}, load, [](Machine&) {});
  }
  return machine;
}

}  // namespace

// emulator [SECONDS]
int main(int argc, char** argv) {
  const std::uint64_t frames = 60 * (argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2);
  Emulator emulator(frames);
  emulator.run();
  emulator.report();
  const auto expected = play_straight(frames);
  const bool is_same = std::memcmp(expected.get(), &emulator.machine(), sizeof(Machine)) == 0;
  std::printf("digest of all frames %016llx, of a straight run %016llx; memory: %s\n",
              static_cast<unsigned long long>(emulator.machine().registers.digest),
              static_cast<unsigned long long>(expected->registers.digest),
              is_same ? "the same" : "WRONG");
  return is_same ? 0 : 1;
}
