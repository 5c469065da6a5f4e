// What is said inside a signal handler before a process ends.
#pragma once

#include <initializer_list>
#include <string_view>

namespace cleave::detail {

/// A line on standard error: "cleave: ", `before`, the address, `after`. Safe in a signal handler.
void say_last_words(std::string_view before, const void* address,
                    std::initializer_list<std::string_view> after) noexcept;

}  // namespace cleave::detail
