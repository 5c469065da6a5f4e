// What goes wrong with a database.
#pragma once

#include <stdexcept>

namespace cleave::sqlite {

/// Says what happened, in SQLite's words where they are SQLite's.
class DatabaseError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace cleave::sqlite
