// A thread's disk: a file opened past the page cache, and an io_uring of its own.
#pragma once

#include <liburing.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cleave::torture {

/// Some requests that belong together. Stays where it is until nothing is pending.
struct Job {
  struct Part {
    Job* job;
    unsigned bytes;
  };
  unsigned pending = 0;
  int error = 0;  ///< errno, or EIO for a transfer that fell short
  std::vector<Part> parts;
  std::vector<iovec> pieces;
};

struct DeviceCounts {
  std::uint64_t reads = 0;
  std::uint64_t read_bytes = 0;
  std::uint64_t writes = 0;
  std::uint64_t write_bytes = 0;
  std::uint64_t fixed = 0;  ///< requests through the registered buffer
};

class Device {
 public:
  /// A file of `bytes` bytes without a name in `directory`, past the page cache if `direct` is set
  /// and the file system agrees. `registered`: memory to register as a fixed buffer, where that is
  /// allowed. Stops the program where there is no io_uring or no such file.
  Device(const std::string& directory, std::uint64_t bytes, bool direct,
         std::span<std::byte> registered);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  [[nodiscard]] bool is_direct() const { return direct_; }
  [[nodiscard]] bool is_registered() const { return !registered_.empty(); }
  [[nodiscard]] const DeviceCounts& counts() const { return counts_; }

  /// The file's bytes from `offset` on, into the pieces. Each piece is a request of its own if
  /// `apart` is set or there is only one; else one request has them all.
  void read(Job& job, std::span<const iovec> pieces, std::uint64_t offset, bool apart);
  void write(Job& job, std::span<const iovec> pieces, std::uint64_t offset, bool apart);

  /// Takes in what is done; waits for one request if `wait` is set and any is with the kernel.
  void reap(bool wait);
  void finish(Job& job) {
    while (job.pending != 0) reap(true);
  }

 private:
  void start(bool reading, Job& job, std::span<const iovec> pieces, std::uint64_t offset,
             bool apart);
  io_uring_sqe* entry();

  io_uring ring_{};
  int file_ = -1;
  bool direct_ = false;
  unsigned with_kernel_ = 0;
  std::span<std::byte> registered_;
  DeviceCounts counts_;
};

/// Memory on a page boundary, for what the torture itself keeps of a file.
class Buffer {
 public:
  explicit Buffer(std::size_t bytes);
  [[nodiscard]] std::byte* data() const { return bytes_.get(); }
  [[nodiscard]] iovec piece(std::size_t from, std::size_t size) const {
    return {bytes_.get() + from, size};
  }

 private:
  struct Free {
    void operator()(std::byte* bytes) const;
  };
  std::unique_ptr<std::byte, Free> bytes_;
};

}  // namespace cleave::torture
