// Standard output, at a command's end.
#pragma once

namespace cleave::console {

/// What is still in the buffer can be lost, on a full disk; then nothing was said, whatever was
/// found. The exit status of `program`: `status`, or 2 and a message where the output cannot be
/// written.
int after_printing(const char* program, int status);

}  // namespace cleave::console
