// What both programs need: a file of numbered sectors, a buffer, an io_uring, and a way to bow out.
// Nothing of cleave is used here.
#pragma once

#include <fcntl.h>
#include <liburing.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace plain {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSector = 512;
constexpr std::size_t kWords = kSector / sizeof(std::uint64_t);
constexpr std::uint64_t kNumbers = 1024;  // sectors in the file

using Sector = std::array<std::uint64_t, kWords>;

/// A feature that this machine lacks is no failure.
[[noreturn]] inline void not_possible(const char* what, int why) {
  std::printf("not possible here: %s: %s\n", what, std::strerror(why));
  std::exit(0);
}

inline void print_kernel(const char* program) {
  utsname name{};
  (void)uname(&name);
  std::printf("%s on Linux %s\n", program, name.release);
}

/// How long to run: the first argument, else a second.
inline std::chrono::duration<double> time_to_run(int argc, char** argv) {
  return std::chrono::duration<double>(argc > 1 ? std::atof(argv[1]) : 1.0);
}

inline Sector numbered(std::uint64_t number) {
  Sector sector;
  sector.fill(number + 1);  // never zero
  return sector;
}

/// Fresh memory that a fork shares until a process writes to it.
inline std::byte* anonymous(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) not_possible("memory", errno);
  (void)madvise(memory, bytes, MADV_NOHUGEPAGE);
  std::memset(memory, 0, bytes);
  return static_cast<std::byte*>(memory);
}

/// A file past the page cache whose sector n holds numbered(n), and a ring to read it with.
class Disk {
 public:
  Disk() {
    const char* temporary = std::getenv("TMPDIR");
    std::string path = temporary != nullptr ? temporary : ".";
    path += "/plain.XXXXXX";
    file_ = mkostemp(path.data(), O_DIRECT | O_CLOEXEC);
    if (file_ < 0) not_possible("a file with O_DIRECT", errno);
    (void)unlink(path.c_str());

    std::byte* numbers = anonymous(kNumbers * kSector);
    for (std::uint64_t n = 0; n < kNumbers; ++n) {
      const Sector sector = numbered(n);
      std::memcpy(numbers + n * kSector, sector.data(), kSector);
    }
    if (pwrite(file_, numbers, kNumbers * kSector, 0) < 0) not_possible("O_DIRECT", errno);
    if (pread(file_, numbers + kSector, kSector, kSector) < 0)
      not_possible("O_DIRECT in units of 512 bytes", errno);
    (void)munmap(numbers, kNumbers * kSector);

    if (const int failed = io_uring_queue_init(128, &ring_, 0); failed < 0)
      not_possible("io_uring", -failed);
  }
  ~Disk() {
    io_uring_queue_exit(&ring_);
    (void)close(file_);
  }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  /// From now on the kernel holds these pages, by a long-term pin. False: it refused.
  bool register_buffer(std::byte* buffer, std::size_t bytes) {
    const iovec all{buffer, bytes};
    return io_uring_register_buffers(&ring_, &all, 1) == 0;
  }
  void unregister_buffer() { (void)io_uring_unregister_buffers(&ring_); }

  /// Starts reading sector `number`; through the registered buffer, or with an iovec of its own,
  /// whose page the kernel looks up and pins at the call.
  void start_read(std::uint64_t number, std::byte* into, bool fixed) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    const std::uint64_t offset = number * kSector;
    if (fixed) {
      io_uring_prep_read_fixed(sqe, file_, into, kSector, offset, 0);
    } else {
      io_uring_prep_read(sqe, file_, into, kSector, offset);
    }
    ++pending_;
  }
  void submit() { (void)io_uring_submit(&ring_); }
  void wait() {
    for (; pending_ != 0; --pending_) {
      io_uring_cqe* cqe = nullptr;
      if (io_uring_wait_cqe(&ring_, &cqe) != 0) std::abort();
      if (cqe->res != static_cast<int>(kSector)) not_possible("a read", -cqe->res);
      io_uring_cqe_seen(&ring_, cqe);
    }
  }

 private:
  io_uring ring_{};
  int file_ = -1;
  unsigned pending_ = 0;
};

}  // namespace plain
