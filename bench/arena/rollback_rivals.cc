#include "bench/arena/rollback_rivals.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>

#include "measure/clock.h"
#include "measure/system.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22  // Linux 5.14
#endif

namespace cleave::bench {

namespace {

double nanoseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_usec) * 1e3;
}

}  // namespace

double RollbackByFork::write_and_roll_back(const PageSets::Set& set) {
  rusage used{};
  const double parent = measure::processor_nanoseconds_for([&] {
    const pid_t child = fork();
    if (child == 0) {
      for (const std::uint64_t n : set.order) heap_.write(n, n);
      _exit(0);
    }
    measure::must_hold(child > 0, "fork(2) failed; is there enough memory?");
    measure::must_hold(wait4(child, nullptr, 0, &used) == child, "wait4(2) failed");
  });
  return parent + nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime);
}

namespace {

// The handler has no other way to find it.
RollbackBySegv* guarded = nullptr;

constexpr std::size_t kTrials = 5;

}  // namespace

RollbackBySegv::RollbackBySegv(const Extent& extent, std::uint64_t most_pages)
    : heap_(extent), saved_(Extent{most_pages * kPageSize}) {
  open_.reserve(most_pages);
  guarded = this;
  struct sigaction action {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  measure::must_hold(sigaction(SIGSEGV, &action, nullptr) == 0, "sigaction(2) for SIGSEGV failed");
  protect(0, heap_.extent.pages(), PROT_READ);
}

void RollbackBySegv::handle(int, siginfo_t* fault, void*) {
  RollbackBySegv& all = *guarded;
  const std::ptrdiff_t offset =
      static_cast<const std::byte*>(fault->si_addr) - all.heap_.touched_page(0);
  const auto page = static_cast<std::uint64_t>(offset) / kPageSize;
  if (offset < 0 || page >= all.heap_.extent.pages() || all.open_.size() == all.open_.capacity()) {
    std::abort();
  }
  std::memcpy(all.saved_.touched_page(all.open_.size()),
              all.heap_.touched_page(0) + page * kPageSize, kPageSize);
  all.open_.push_back(static_cast<std::uint32_t>(page));
  all.protect(page, 1, PROT_READ | PROT_WRITE);
}

double RollbackBySegv::write_and_roll_back(const PageSets::Set& set) {
  return measure::processor_nanoseconds_for([&] {
    for (const std::uint64_t n : set.order) heap_.write(n, n);
    roll_back();
  });
}

void RollbackBySegv::roll_back() {
  for (std::size_t i = 0; i < open_.size(); ++i) {
    std::memcpy(heap_.touched_page(0) + open_[i] * kPageSize, saved_.touched_page(i), kPageSize);
  }
  if (all_at_once_.runs() < kTrials) {
    close_on_trial();
  } else {
    close(closes_all_);
  }
  open_.clear();
}

void RollbackBySegv::close_on_trial() {
  const bool all = run_by_run_.runs() > all_at_once_.runs();
  (all ? all_at_once_ : run_by_run_).add(measure::processor_nanoseconds_for([&] { close(all); }));
  closes_all_ = !all_at_once_.empty() && all_at_once_.median() < run_by_run_.median();
}

void RollbackBySegv::close(bool all) {
  if (all) return protect(0, heap_.extent.pages(), PROT_READ);
  std::ranges::sort(open_);
  for_each_run(open_,
               [&](std::uint64_t first, std::uint64_t pages) { protect(first, pages, PROT_READ); });
}

void RollbackBySegv::protect(std::uint64_t first, std::uint64_t pages, int protection) const {
  if (mprotect(heap_.touched_page(0) + first * kPageSize, pages * kPageSize, protection) != 0) {
    std::abort();  // in a signal handler, most likely: more areas than vm.max_map_count
  }
}

RollbackByPrivateImage::RollbackByPrivateImage(const Extent& extent) : extent_(extent) {
  const int image = memfd_create("image", MFD_CLOEXEC);
  measure::must_hold(image >= 0 && ftruncate(image, static_cast<off_t>(extent.mapped.value)) == 0,
                     "memfd_create(2) failed for the baseline");
  const auto map = [&](int kind) {
    auto* at = static_cast<std::byte*>(
        mmap(nullptr, extent.mapped.value, PROT_READ | PROT_WRITE, kind, image, 0));
    measure::must_hold(at != MAP_FAILED, "mmap(2) of the baseline's memfd failed");
    return at;
  };
  std::byte* const whole = map(MAP_SHARED);
  for (std::uint64_t n = 0; n < extent.touched_pages(); ++n) {
    std::memcpy(whole + extent.offset(n).value, &n, sizeof n);
  }
  (void)munmap(whole, extent.mapped.value);
  image_ = map(MAP_PRIVATE);
  (void)madvise(image_, extent.mapped.value, MADV_NOHUGEPAGE);
  if (extent.stride == 1) (void)madvise(image_, extent.mapped.value, MADV_POPULATE_READ);
  (void)close(image);
}

RollbackByPrivateImage::~RollbackByPrivateImage() { (void)munmap(image_, extent_.mapped.value); }

double RollbackByPrivateImage::write_and_roll_back(const PageSets::Set& set) {
  const auto drop = [&](std::uint64_t first, std::uint64_t pages) {
    measure::must_hold(madvise(image_ + extent_.offset(first).value,
                               pages * extent_.stride * kPageSize, MADV_DONTNEED) == 0,
                       "MADV_DONTNEED failed");
  };
  return measure::processor_nanoseconds_for([&] {
    for (const std::uint64_t n : set.order) {
      *reinterpret_cast<volatile std::uint64_t*>(image_ + extent_.offset(n).value) = n;
    }
    for_each_run(set.sorted, drop);
  });
}

double RollbackByCopy::write_and_roll_back(const PageSets::Set& set) {
  return measure::processor_nanoseconds_for([&] {
    for (const std::uint64_t n : set.order) heap_.write(n, n);
    copy_back();
    measure::keep(heap_.touched_page(0));
  });
}

void RollbackByCopy::copy_back() {
  const Extent& extent = heap_.extent;
  if (extent.stride == 1) {
    std::memcpy(heap_.touched_page(0), copy_.touched_page(0), extent.mapped.value);
    return;
  }
  for (std::uint64_t n = 0; n < extent.touched_pages(); ++n) {
    std::memcpy(heap_.touched_page(n), copy_.touched_page(n), kPageSize);
  }
}

}  // namespace cleave::bench
