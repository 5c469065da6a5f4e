// A hash of values, with their types and lengths, so that no two rows look alike that are not.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <memory>
#include <string>

#include "adapters/sqlite/connection.h"

namespace cleave::sqlite {

/// XXH3, 64 bits, of what was added.
class ValueHash {
 public:
  ValueHash() { (void)XXH3_64bits_reset(state_.get()); }
  void add(const Statement& row, int column);
  [[nodiscard]] std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { (void)XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_{XXH3_createState()};
  std::string value_;
};

/// The value as bytes: other values have other bytes, whatever follows them.
void append_value(std::string& bytes, const Statement& row, int column);

}  // namespace cleave::sqlite
