// Signals as the way in and out: the kernel puts a thread's registers, its floating point, its
// mask and its alternate stack into a frame on the thread's own stack, and takes them back from
// there. A commit that is made meanwhile has the frame among its memory.
#pragma once

#include <sys/ucontext.h>

#include <csignal>
#include <cstdint>

namespace cleave::program {

/// Where a frame begins. Whoever goes on with it gets the registers that it holds.
struct Frame;

/// What is done about a signal, on this library's own stack and with all signals blocked; the frame
/// to go on with: the same, or one that memory has by now.
using OnSignal = Frame* (*)(int signal, siginfo_t* info, ucontext_t* context, Frame* frame);

/// Where the segment register gs begins: the one register of the program's that no frame has, and
/// that it may use (fs is the C library's).
std::uint64_t gs_base() noexcept;
void set_gs_base(std::uint64_t to) noexcept;

/// Has `signal` come to `handler`, one for all such signals. False: the kernel refuses.
bool take_signal(int signal, OnSignal handler) noexcept;

/// Calls `work` on this library's own stack, which no arena has. Not while a signal is served.
void on_own_stack(void (*work)());

/// The frame that a program's own handler of a signal returns by: its stack pointer, when it is
/// about to make that call.
Frame* frame_at(std::uintptr_t stack_pointer) noexcept;

}  // namespace cleave::program
