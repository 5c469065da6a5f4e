#include "adapters/program/own/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <vector>

#include "adapters/program/kernel/raw.h"
#include "adapters/program/own/open_descriptors.h"

namespace cleave::program {
namespace {

// Needs no memory to begin, and stays until the process ends: descriptors are closed after that.
union Numbers {
  constexpr Numbers() : all() {}
  ~Numbers() {}  // NOLINT
  std::vector<int> all;
};
constinit Numbers numbers_of_own;

std::vector<int>& own_numbers() noexcept { return numbers_of_own.all; }

}  // namespace

int first_own_descriptor() noexcept {
  static const int first = [] {
    rlimit limit{};
    const bool known = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return static_cast<int>(std::clamp<rlim_t>(known ? limit.rlim_cur / 2 : 512, 16, 512));
  }();
  return first;
}

void note_own_descriptor(int number) { own_numbers().push_back(number); }
void forget_own_descriptor(int number) { std::erase(own_numbers(), number); }
bool is_own_descriptor(int number) noexcept {
  const auto& numbers = own_numbers();
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

unsigned first_own_descriptor_from(unsigned first, unsigned last) noexcept {
  unsigned lowest = 0;
  for (const int number : own_numbers()) {
    const auto own = static_cast<unsigned>(number);
    if (own >= first && own <= last && (lowest == 0 || own < lowest)) lowest = own;
  }
  return lowest;
}

int duplicate_as_own(int number) {
  own_numbers().reserve(own_numbers().size() + 1);
  const int high = fcntl(number, F_DUPFD_CLOEXEC, first_own_descriptor());
  if (high >= 0) note_own_descriptor(high);
  return high;
}

int keep_as_own(int number) {
  int high = -1;
  try {
    high = duplicate_as_own(number);
  } catch (const std::bad_alloc&) {  // as if there were no number
  }
  (void)close(number);
  return high;
}

// All numbers below are taken for the while.
HighDescriptors::HighDescriptors() {
  fillers_.reserve(static_cast<std::size_t>(first_own_descriptor()));
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  int made = null;
  for (; made >= 0 && made < first_own_descriptor(); made = fcntl(null, F_DUPFD_CLOEXEC, 0)) {
    fillers_.push_back(made);
  }
  are_high_ = made >= 0;
  if (made >= 0) (void)close(made);
}

// They are neighbours, but for what the program had before.
HighDescriptors::~HighDescriptors() {
  for (std::size_t first = 0; first < fillers_.size();) {
    std::size_t last = first;
    while (last + 1 < fillers_.size() && fillers_[last + 1] == fillers_[last] + 1) ++last;
    const auto from = static_cast<unsigned>(fillers_[first]);
    const auto to = static_cast<unsigned>(fillers_[last]);
    if (raw::is_error(raw::call(SYS_close_range, from, to, 0))) {
      for (std::size_t i = first; i <= last; ++i) (void)close(fillers_[i]);
    }
    first = last + 1;
  }
}

bool HighDescriptors::keep_all() {
  const auto open = open_descriptors();
  if (!open) return false;
  for (const int number : *open) {
    if (number >= first_own_descriptor() && !is_own_descriptor(number)) note_own_descriptor(number);
  }
  return true;
}

}  // namespace cleave::program
