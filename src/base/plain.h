// Fields that are not atomic, and that several threads use.
#pragma once

#include <utility>

#include <cleave/detail/explored.h>

namespace cleave::detail {

/// A field that threads use one after another: under a lock, or in whatever other order its owner
/// sees to. In an explored build each use is told, and two that nothing orders are a data race; in
/// any other this is a T and nothing more.
template <class T>
class plain {
 public:
  explicit plain(T value = T{}, [[maybe_unused]] sync::Line where = sync::Line()) noexcept
      : value_(std::move(value)) {
    told(true, where);
  }
  plain(const plain&) = delete;
  plain& operator=(const plain&) = delete;

  [[nodiscard]] const T& get([[maybe_unused]] sync::Line where = sync::Line()) const noexcept {
    told(false, where);
    return value_;
  }
  void set(T value, [[maybe_unused]] sync::Line where = sync::Line()) noexcept {
    told(true, where);
    value_ = std::move(value);
  }

 private:
  void told([[maybe_unused]] bool writes, [[maybe_unused]] sync::Line where) const noexcept {
#ifdef CLEAVE_EXPLORED
    if (sync::Scheduler* s = sync::scheduler()) s->plain(this, writes, where);
#endif
  }

  T value_{};
};

}  // namespace cleave::detail
