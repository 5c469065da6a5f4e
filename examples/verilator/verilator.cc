// A circuit that Verilator compiled is branched in mid-run: one run up to a point, and from there
// as many as are wanted, each with other inputs. Waveforms are compared with those of straight
// runs; and beside the arena's way, Verilator's own save and restore, and fork(2).
//
//     verilator [--cycles N]        up to the branch
#include <Vmachine.h>
#include <sys/wait.h>
#include <unistd.h>
#include <verilated.h>
#include <verilated_save.h>
#include <verilated_vcd_c.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cleave/arena.h>
#include <cleave/must.h>

#include "examples/verilator/inside.h"

using namespace cleave;
using namespace cleave::literals;
using cleave::example::InHeap;

namespace {

constexpr int kTraced = 200;

/// The model, and the test bench that feeds it: inputs follow from the branch and the time.
class Bench {
 public:
  Bench() : context_(std::make_unique<VerilatedContext>()) {
    context_->traceEverOn(true);
    model_ = std::make_unique<Vmachine>(context_.get());
    model_->reset = 1;
    cycle(0);
    model_->reset = 0;
  }

  void run(int cycles, std::uint32_t branch) {
    for (int i = 0; i < cycles; ++i) cycle(branch);
  }
  /// The same, with the waveform written to a file.
  void run_traced(int cycles, std::uint32_t branch, const std::string& file) {
    VerilatedVcdC waveform;
    model_->trace(&waveform, 99);
    waveform.open(file.c_str());
    waveform_ = &waveform;
    run(cycles, branch);
    waveform_ = nullptr;
    waveform.close();
  }
  [[nodiscard]] std::uint32_t out() const { return model_->out; }

  void save(const std::string& file) {
    VerilatedSave to;
    to.open(file.c_str());
    to << context_.get();
    to << *model_;
  }
  void restore(const std::string& file) {
    VerilatedRestore from;
    from.open(file.c_str());
    from >> context_.get();
    from >> *model_;
  }

 private:
  void cycle(std::uint32_t branch) {
    model_->in = static_cast<std::uint32_t>(context_->time()) * branch;
    for (const int clock : {0, 1}) {
      model_->clock = static_cast<CData>(clock);
      model_->eval();
      if (waveform_ != nullptr) waveform_->dump(context_->time());
      context_->timeInc(1);
    }
  }

  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vmachine> model_;
  VerilatedVcdC* waveform_ = nullptr;
};

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A bench in an arena.
struct Branchable {
  Pool pool = must(Pool::create(256_MiB));
  Arena arena = must(Arena::create(pool, 64_MiB));
  Heap heap = must(Heap::create(arena.memory()));
  Bench* bench = nullptr;

  Branchable() {
    const InHeap inside(heap);
    bench = new Bench;
  }
};

std::string straight_waveform(int cycles, std::uint32_t branch, const std::string& file) {
  Bench bench;
  bench.run(cycles, 1);
  bench.run_traced(kTraced, branch, file);
  return text_of(file);
}

bool waveforms_are_right(Branchable& branchable, const Commit& middle, int cycles,
                         const std::string& file) {
  bool right = true;
  for (const std::uint32_t branch : {1, 2, 3, 2, 1}) {
    must(branchable.arena.checkout(middle));
    branchable.bench->run_traced(kTraced, branch, file);
    right = text_of(file) == straight_waveform(cycles, branch, file) && right;
  }
  return right;
}

double median_microseconds(const std::function<void()>& work) {
  std::array<double, 21> times{};
  for (double& time : times) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    time = took.count();
  }
  std::ranges::nth_element(times, times.begin() + times.size() / 2);
  return times[times.size() / 2];
}

// A branch of so many cycles, from the middle of a run and back to it.
void report(Branchable& branchable, const Commit& middle, int length, const std::string& file) {
  Bench& bench = *branchable.bench;
  must(branchable.arena.checkout(middle));
  const double run = median_microseconds([&] { bench.run(length, 2); });
  const double by_arena = median_microseconds([&] {
    bench.run(length, 2);
    must(branchable.arena.checkout(middle));
  });
  Bench plain;
  const double by_state = median_microseconds([&] {
    plain.save(file);
    plain.run(length, 2);
    plain.restore(file);
  });
  const double by_fork = median_microseconds([&] {
    const pid_t child = fork();
    if (child == 0) {
      plain.run(length, 2);
      _exit(0);
    }
    (void)waitpid(child, nullptr, 0);
  });
  std::printf("%13d  %12.0f  %9.0f  %14.0f  %8.0f\n", length, run, by_arena, by_state, by_fork);
}

}  // namespace

int main(int count, char** words) {
  int cycles = 100'000;
  if (count == 3 && std::strcmp(words[1], "--cycles") == 0) cycles = std::atoi(words[2]);
  // In memory, where there is such a folder: not the disk is to be measured.
  const std::filesystem::path memory = "/dev/shm";
  std::string folder =
      (std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path()) /
      "verilator.XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const std::string file = folder + "/file";
  Branchable branchable;
  branchable.bench->run(cycles, 1);
  const Commit middle = must(branchable.arena.commit("middle"));
  const bool right = waveforms_are_right(branchable, middle, cycles, file);
  std::printf("Waveforms of five branches after %d cycles: %s\n", cycles,
              right ? "as in straight runs" : "WRONG");
  std::printf("branch, cycles  running it us  by arena  save, restore  by fork\n");
  for (const int length : {10, 100, 1000, 10'000}) report(branchable, middle, length, file);
  std::filesystem::remove_all(folder);
  return right ? 0 : 1;
}
