#include "adapters/sqlite/contents/value_hash.h"

#include <bit>
#include <string_view>

namespace cleave::sqlite {
namespace {

void append(std::string& bytes, std::uint64_t number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

}  // namespace

void append_value(std::string& bytes, const Statement& row, int column) {
  const int type = row.type(column);
  bytes += static_cast<char>(type);
  switch (type) {
    case SQLITE_INTEGER:
      return append(bytes, static_cast<std::uint64_t>(row.integer(column)));
    case SQLITE_FLOAT:
      return append(bytes, std::bit_cast<std::uint64_t>(row.real(column)));
    case SQLITE_NULL:
      return;
    default:
      const std::string_view content = type == SQLITE_TEXT ? row.text(column) : row.blob(column);
      append(bytes, content.size());
      bytes += content;
  }
}

void ValueHash::add(const Statement& row, int column) {
  value_.clear();
  append_value(value_, row, column);
  (void)XXH3_64bits_update(state_.get(), value_.data(), value_.size());
}

}  // namespace cleave::sqlite
