// The names of an enumeration's values, from the compiler: a list of them beside the enumeration
// could be wrong.
#pragma once

#include <string_view>
#include <vector>

namespace lab::model {

/// "plain" of Get::plain; empty if no enumerator has that value.
template <auto kValue>
constexpr std::string_view enumerator_name() {
  // GCC writes "[with auto kValue = lab::model::Get::plain; ...]", Clang "[kValue =
  // lab::model::Get::plain]"; both write a value without a name as a cast: "(lab::model::Get)7".
  std::string_view text = __PRETTY_FUNCTION__;
  constexpr std::string_view kBefore = "kValue = ";
  text.remove_prefix(text.find(kBefore) + kBefore.size());
  text = text.substr(0, text.find_first_of(";]"));
  return text.starts_with('(') ? std::string_view{} : text.substr(text.rfind(':') + 1);
}

/// The names of all enumerators of an enumeration that counts from 0, in order.
template <typename Enum, unsigned kFirst = 0>
std::vector<std::string_view> enumerator_names() {
  constexpr std::string_view kName = enumerator_name<static_cast<Enum>(kFirst)>();
  if constexpr (kName.empty()) {
    return {};
  } else {
    auto names = enumerator_names<Enum, kFirst + 1>();
    names.insert(names.begin(), kName);
    return names;
  }
}

}  // namespace lab::model
