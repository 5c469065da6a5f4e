#include "examples/libretro/measure.h"

#include <algorithm>
#include <array>
#include <vector>

namespace cleave::example {
namespace {

constexpr int kTimes = 60;
constexpr std::size_t kUntilOpen =
    2;  // frames after a checkout, until no page that they write faults

class Times {
 public:
  void add(double microseconds) { all_.push_back(microseconds); }
  [[nodiscard]] double median() {
    const auto middle = all_.begin() + static_cast<std::ptrdiff_t>(all_.size() / 2);
    std::nth_element(all_.begin(), middle, all_.end());
    return *middle;
  }

 private:
  std::vector<double> all_;
};

int changes_of(const std::vector<Core::Shown>& shown, std::uint64_t Core::Shown::*what) {
  int changes = 1;
  for (std::size_t i = 1; i < shown.size(); ++i) {
    changes += shown[i].*what != shown[i - 1].*what ? 1 : 0;
  }
  return changes;
}

double median_undo(Machine& machine) {
  Times times;
  const Commit start = machine.commit();
  for (int i = 0; i < kTimes; ++i) {
    machine.core().play();
    times.add(microseconds([&] { machine.checkout(start); }));
  }
  return times.median();
}

// The way back is a commit, or what the core saved.
class ByCommit {
 public:
  explicit ByCommit(Machine& machine) : machine_(machine) {}
  void keep() { kept_ = machine_.commit(); }
  void go_back() { machine_.checkout(*kept_); }

 private:
  Machine& machine_;
  std::optional<Commit> kept_;
};

class ByState {
 public:
  explicit ByState(Machine& machine) : machine_(machine), state_(machine.core().state_size()) {}
  void keep() {
    const auto progress = machine_.core().progress();
    progress_.assign(progress.begin(), progress.end());
    machine_.core().save(state_);
  }
  void go_back() {
    machine_.core().load(state_);
    machine_.core().set_progress(progress_);
  }

 private:
  Machine& machine_;
  std::vector<std::byte> state_;
  std::vector<std::byte> progress_;
};

// What is shown of the next frame, where `ahead` more are played before.
template <class Way>
std::uint64_t show(Machine& machine, Way& way, int ahead) {
  std::uint64_t picture = machine.core().play().picture;
  if (ahead == 0) return picture;
  way.keep();
  for (int i = 0; i < ahead; ++i) picture = machine.core().play().picture;
  way.go_back();
  return picture;
}

int frames_until_seen(Machine& machine, int ahead) {
  ByCommit way(machine);
  const Commit start = machine.commit();
  std::array<std::array<std::uint64_t, kBack>, 2> pictures{};
  for (const bool pressed : {false, true}) {
    machine.checkout(start);
    machine.core().press(pressed);
    for (auto& picture : pictures[pressed ? 1 : 0]) picture = show(machine, way, ahead);
  }
  machine.core().press(false);
  machine.checkout(start);
  const auto differs = std::ranges::mismatch(pictures[0], pictures[1]);
  return static_cast<int>(differs.in1 - pictures[0].begin());
}

template <class Way>
double median_ahead(Machine& machine) {
  Way way(machine);
  Times times;
  for (int i = 0; i < kTimes; ++i) {
    times.add(microseconds([&] { show(machine, way, kAhead); }));
  }
  return times.median();
}

}  // namespace

void measure_replay(Machine& machine, int frames, Figures& figures) {
  Times frame;
  Times committed_frame;
  Times commit;
  Times back;
  Times pages;
  std::vector<Core::Shown> shown_so_far;
  (void)machine.commit();
  for (int played = 0; played < frames; played += kBack) {
    std::array<std::optional<Commit>, kBack> starts;
    std::array<Core::Shown, kBack> shown{};
    for (std::size_t i = 0; i < kBack; ++i) {
      commit.add(microseconds([&] { starts[i] = machine.commit(); }));
      pages.add(static_cast<double>(starts[i]->pages()));
      committed_frame.add(microseconds([&] { shown[i] = machine.core().play(); }));
    }
    back.add(microseconds([&] { machine.checkout(*starts[0]); }));
    shown_so_far.insert(shown_so_far.end(), shown.begin(), shown.end());
    for (std::size_t i = 0; i < kBack; ++i) {
      Core::Shown again{};
      const double took = microseconds([&] { again = machine.core().play(); });
      figures.wrong += again == shown[i] ? 0 : 1;
      if (i >= kUntilOpen) frame.add(took);
    }
  }
  figures.pictures = changes_of(shown_so_far, &Core::Shown::picture);
  figures.sounds = changes_of(shown_so_far, &Core::Shown::sound);
  figures.frames = (frames + kBack - 1) / kBack * kBack;
  figures.pages = pages.median();
  figures.commit = commit.median();
  figures.frame = frame.median();
  figures.aftermath = std::max(0.0, committed_frame.median() - figures.frame);
  figures.back = back.median();
  figures.undo = median_undo(machine);
}

void measure_state(Machine& machine, Figures& figures) {
  figures.state_size = machine.core().state_size();
  std::vector<std::byte> state(figures.state_size);
  Times save;
  Times load;
  for (int i = 0; i < kTimes; ++i) {
    machine.core().play();
    save.add(microseconds([&] { machine.core().save(state); }));
    load.add(microseconds([&] { machine.core().load(state); }));
  }
  figures.save = save.median();
  figures.load = load.median();
}

void measure_run_ahead(Machine& machine, Figures& figures) {
  figures.lag = frames_until_seen(machine, 0);
  figures.lag_ahead = frames_until_seen(machine, kAhead);
  figures.ahead = median_ahead<ByCommit>(machine);
  figures.ahead_by_state = median_ahead<ByState>(machine);
}

}  // namespace cleave::example
