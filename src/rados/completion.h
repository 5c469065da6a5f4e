// An operation of librados that is under way.
#pragma once

#include <utility>

#include <rados/librados.h>

namespace cleave::detail::rados {

/// Ends only when the operation has: what that writes to has to live so long.
class Completion {
 public:
  /// Begins what `start(completion)` does, which gives what librados gives. Where it cannot begin,
  /// wait() says why.
  template <class Start>
  explicit Completion(Start start) {
    result_ = rados_aio_create_completion2(nullptr, nullptr, &completion_);
    if (result_ < 0) return;
    result_ = start(completion_);
    if (result_ < 0) rados_aio_release(std::exchange(completion_, nullptr));
  }
  Completion(Completion&& other) noexcept
      : completion_(std::exchange(other.completion_, nullptr)), result_(other.result_) {}
  Completion& operator=(Completion&&) = delete;
  ~Completion() { (void)wait(); }

  /// Its result: negative, an error of Ceph's.
  int wait() noexcept {
    if (completion_ != nullptr) {
      (void)rados_aio_wait_for_complete(completion_);
      result_ = rados_aio_get_return_value(completion_);
      rados_aio_release(std::exchange(completion_, nullptr));
    }
    return result_;
  }

 private:
  rados_completion_t completion_ = nullptr;
  int result_ = 0;
};

}  // namespace cleave::detail::rados
