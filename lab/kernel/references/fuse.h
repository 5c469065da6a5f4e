// A file system of our own, whose files take as long to read and write as we like: while a direct
// transfer waits for us, its pages are pinned.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "lab/kernel/shared/wait_queue.h"

namespace lab::kernel {

/// What a client and the server of one file tell each other; lies in memory that both share. One
/// transfer at a time.
struct FuseFile {
  enum class State : std::uint32_t {
    idle,
    expected,  ///< the client is about to call: the next request is not to be read
    waits,     ///< it lies there unread, and its page is pinned
    read_it,   ///< the client asks for the bytes that are to be written
    seen,      ///< they are in `bytes`
    answer,    ///< the client wants the call to end; a read gets `bytes` if `length` is not 0
    ended,
  };
  WaitQueue changed;
  // Sequentially consistent, with `changed`: `bytes` and `length` are written before the state that
  // hands them over, and read after it.
  std::atomic<State> state{State::idle};
  std::atomic<bool> over{false};  ///< the client is being killed: nothing is left waiting
  std::array<char, 4096> bytes;
  std::uint32_t length;
  std::array<char, 64> path;
};

/// Serves one file from a thread of its own, mounted at `path` in the mount namespace of this
/// process. What it is mounted on, an empty file, is made, and is the caller's to remove.
class FuseServer {
 public:
  /// nullptr, and why in `error`: no /dev/fuse, no right to mount.
  static std::unique_ptr<FuseServer> mount(const std::string& path, FuseFile& file,
                                           std::string& error);
  virtual ~FuseServer() = default;
  /// For a child, which must not keep the connection alive.
  virtual void forget() = 0;
};

}  // namespace lab::kernel
