// Runs a piece of code on a stack of its own, so that it can be left from anywhere inside for good.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace lab::engine {

/// Runs `work`. What leave_aside() was told inside; nothing: it came to its end. What lives on its
/// stack then is not destroyed. Not within itself.
std::optional<std::string> aside(const std::function<void()>& work);
/// Whether the caller runs inside of aside().
[[nodiscard]] bool is_aside();
[[noreturn]] void leave_aside(std::string why);

}  // namespace lab::engine
