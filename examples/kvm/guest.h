// A virtual machine of KVM's, with one processor and a program of a hundred bytes.
#pragma once

#include <linux/kvm.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cleave::example {

inline constexpr std::size_t kPage = 4096;
inline constexpr std::size_t kGuestMemory = 32 << 20;
/// The guest's program writes to these pages only.
inline constexpr std::size_t kFirstDataPage = 0x400;
inline constexpr std::size_t kDataPages = 0x1000;

/// What goes back with the memory and is none of it.
struct Registers {
  kvm_regs general;
  kvm_sregs special;
};

class Guest {
 public:
  /// Its memory is `memory`, of kGuestMemory bytes, to which it writes without a word: dirty()
  /// tells. Null, and why, where this machine has no KVM that can do so.
  static std::unique_ptr<Guest> make(std::span<std::byte> memory, std::string& why);
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  /// Has it add numbers that follow from `seed` to `writes` words, each in one of the data pages
  /// that they name; without writes, has it add up what lies there. Its answer. Ends the program
  /// where the guest does something else.
  std::uint32_t run(std::uint32_t writes, std::uint32_t seed);
  /// The pages that it has written since this was last asked, a bit each.
  std::span<const std::uint64_t> dirty();

  [[nodiscard]] Registers registers() const;
  void set_registers(std::span<const std::byte> to);

 private:
  Guest() = default;
  bool open(std::span<std::byte> memory, std::string& why);
  void begin();
  void run_once(const char* what);
  void finish_instruction();

  int kvm_ = -1, machine_ = -1, processor_ = -1;
  kvm_run* shared_ = nullptr;
  std::size_t shared_size_ = 0;
  std::vector<std::uint64_t> dirty_;
};

}  // namespace cleave::example
