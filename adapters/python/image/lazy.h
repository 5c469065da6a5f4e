// cleave.LazyImages, cleave.LazyCheckout and cleave.LazyArena
#pragma once

#include <memory>
#include <stop_token>
#include <utility>

#include <cleave/image/lazy.h>

#include "adapters/python/image/in_turn.h"
#include "adapters/python/runtime/handle.h"

namespace cleave::python {

class LazyImagesObject : public Handle<InTurn<LazyImages>> {
 public:
  explicit LazyImagesObject(LazyImages&& images)
      : Handle("lazy images", InTurn<LazyImages>(std::move(images))) {}
};

/// Of a LazyCheckout or a LazyArena. close() ends what it began to fetch.
template <class T>
class LazyObject : public Handle<T> {
 public:
  LazyObject(const char* what, T&& value) : Handle<T>(what, std::move(value)) {}

  [[nodiscard]] std::stop_token stopped() const { return stop_.get_token(); }
  void stop() { stop_.request_stop(); }
  void close() {
    stop();
    Handle<T>::close();
  }

 private:
  std::stop_source stop_;
};

using LazyCheckoutObject = LazyObject<LazyCheckout>;
using LazyArenaObject = LazyObject<LazyArena>;

}  // namespace cleave::python
