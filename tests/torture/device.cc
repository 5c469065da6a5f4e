#include "tests/torture/device.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <cleave/units.h>

namespace cleave::torture {
namespace {

constexpr unsigned kEntries = 256;

[[noreturn]] void give_up(const char* what, int why) {
  std::fprintf(stderr, "torture: %s: %s\n", what, std::strerror(why));
  std::exit(2);
}

int open_unnamed(std::string path, int flags) {
  path += "/torture.XXXXXX";
  const int file = mkostemp(path.data(), flags | O_CLOEXEC);
  if (file >= 0) (void)unlink(path.c_str());
  return file;
}

// 512 bytes at an odd place are what all of this rests on; a file system may accept the flag and
// still refuse that.
bool takes_sectors(int file, const Buffer& buffer) {
  return pread(file, buffer.data() + 512, 512, 512) == 512;
}

// The library's own differ in what they take.
void prepare_write_fixed(io_uring_sqe* sqe, int file, void* base, unsigned size,
                         std::uint64_t offset, int buffer) {
  io_uring_prep_write_fixed(sqe, file, base, size, offset, buffer);
}
void prepare_read_fixed(io_uring_sqe* sqe, int file, void* base, unsigned size,
                        std::uint64_t offset, int buffer) {
  io_uring_prep_read_fixed(sqe, file, base, size, offset, buffer);
}

}  // namespace

Buffer::Buffer(std::size_t bytes)
    : bytes_(static_cast<std::byte*>(std::aligned_alloc(kPageSize, bytes))) {
  if (bytes_ == nullptr) give_up("no memory for a buffer", ENOMEM);
  std::memset(bytes_.get(), 0, bytes);
}

void Buffer::Free::operator()(std::byte* bytes) const { std::free(bytes); }

Device::Device(const std::string& directory, std::uint64_t bytes, bool direct,
               std::span<std::byte> registered) {
  const Buffer zeroes(bytes);
  for (const int flags : {O_DIRECT, 0}) {
    if (flags != 0 && !direct) continue;
    file_ = open_unnamed(directory, flags);
    if (file_ < 0) continue;
    // Written once, so that later writes find their blocks.
    if (pwrite(file_, zeroes.data(), bytes, 0) == static_cast<ssize_t>(bytes) &&
        takes_sectors(file_, zeroes)) {
      direct_ = flags != 0;
      break;
    }
    (void)close(file_);
    file_ = -1;
  }
  if (file_ < 0) give_up("no file to read and write", errno);
  if (const int failed = io_uring_queue_init(kEntries, &ring_, 0); failed < 0) {
    give_up("no io_uring here", -failed);
  }
  const iovec all{registered.data(), registered.size()};
  if (!registered.empty() && io_uring_register_buffers(&ring_, &all, 1) == 0) {
    registered_ = registered;
  }
}

Device::~Device() {
  while (with_kernel_ != 0) reap(true);
  io_uring_queue_exit(&ring_);
  (void)close(file_);
}

io_uring_sqe* Device::entry() {
  // No more than the completion queue, twice as long, has room for.
  while (with_kernel_ >= kEntries) reap(true);
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  if (sqe == nullptr) {
    (void)io_uring_submit(&ring_);
    sqe = io_uring_get_sqe(&ring_);
  }
  ++with_kernel_;
  return sqe;
}

void Device::start(bool reading, Job& job, std::span<const iovec> pieces, std::uint64_t offset,
                   bool apart) {
  job.error = 0;
  job.pieces.assign(pieces.begin(), pieces.end());
  job.parts.clear();
  job.parts.reserve(pieces.size());
  const auto add = [&](unsigned count, std::size_t size) {
    job.parts.push_back({&job, static_cast<unsigned>(size)});
    ++job.pending;
    io_uring_sqe* sqe = entry();
    const iovec* first = job.pieces.data() + (count == 1 ? job.parts.size() - 1 : 0);
    auto* base = static_cast<std::byte*>(first->iov_base);
    const bool fixed = count == 1 && is_registered() && base >= registered_.data() &&
                       base + size <= registered_.data() + registered_.size();
    if (fixed) {
      const auto prepare = reading ? prepare_read_fixed : prepare_write_fixed;
      prepare(sqe, file_, base, static_cast<unsigned>(size), offset, 0);
      ++counts_.fixed;
    } else if (reading) {
      io_uring_prep_readv(sqe, file_, first, count, offset);
    } else {
      io_uring_prep_writev(sqe, file_, first, count, offset);
    }
    io_uring_sqe_set_data(sqe, &job.parts.back());
    ++(reading ? counts_.reads : counts_.writes);
    (reading ? counts_.read_bytes : counts_.write_bytes) += size;
    offset += size;
  };
  if (apart || pieces.size() == 1) {
    for (const iovec& piece : pieces) add(1, piece.iov_len);
  } else {
    std::size_t size = 0;
    for (const iovec& piece : pieces) size += piece.iov_len;
    add(static_cast<unsigned>(pieces.size()), size);
  }
  (void)io_uring_submit(&ring_);
}

void Device::read(Job& job, std::span<const iovec> pieces, std::uint64_t offset, bool apart) {
  start(true, job, pieces, offset, apart);
}

void Device::write(Job& job, std::span<const iovec> pieces, std::uint64_t offset, bool apart) {
  start(false, job, pieces, offset, apart);
}

void Device::reap(bool wait) {
  if (with_kernel_ == 0) return;
  if (wait) (void)io_uring_submit_and_wait(&ring_, 1);
  io_uring_cqe* cqe = nullptr;
  while (io_uring_peek_cqe(&ring_, &cqe) == 0) {
    const auto* part = static_cast<const Job::Part*>(io_uring_cqe_get_data(cqe));
    Job& job = *part->job;
    if (cqe->res < 0) {
      job.error = -cqe->res;
    } else if (static_cast<unsigned>(cqe->res) != part->bytes) {
      job.error = EIO;
    }
    --job.pending;
    --with_kernel_;
    io_uring_cqe_seen(&ring_, cqe);
  }
}

}  // namespace cleave::torture
