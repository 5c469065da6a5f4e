#include "examples/kvm/guest.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace cleave::example {
namespace {

constexpr std::uint64_t kProgramAt = 0x8000;
constexpr auto kProgram = std::to_array<std::uint8_t>({
    0xba, 0x10, 0x00, 0x00, 0x00,        // next:  mov  edx, 0x10
    0xed,                                //        in   eax, dx: how many writes
    0x89, 0xc1,                          //        mov  ecx, eax
    0xed,                                //        in   eax, dx: the seed
    0x89, 0xc3,                          //        mov  ebx, eax
    0x85, 0xc9,                          //        test ecx, ecx
    0x74, 0x28,                          //        je   look
    0x69, 0xdb, 0x0d, 0x66, 0x19, 0x00,  // write: imul ebx, ebx, 1664525
    0x81, 0xc3, 0x5f, 0xf3, 0x6e, 0x3c,  //        add  ebx, 1013904223
    0x89, 0xd8,                          //        mov  eax, ebx
    0xc1, 0xe8, 0x08,                    //        shr  eax, 8
    0x25, 0xff, 0x0f, 0x00, 0x00,        //        and  eax, 0xfff: a page
    0xc1, 0xe0, 0x0c,                    //        shl  eax, 12
    0x01, 0x98, 0x00, 0x00, 0x40, 0x00,  //        add  [rax + 0x400000], ebx
    0xff, 0xc9,                          //        dec  ecx
    0x75, 0xdd,                          //        jne  write
    0x89, 0xd8,                          //        mov  eax, ebx
    0xef,                                //        out  dx, eax
    0xeb, 0xc9,                          //        jmp  next
    0xbe, 0x00, 0x00, 0x40, 0x00,        // look:  mov  esi, 0x400000
    0xb9, 0x00, 0x10, 0x00, 0x00,        //        mov  ecx, 0x1000
    0xd1, 0xc3,                          // more:  rol  ebx, 1
    0x03, 0x1e,                          //        add  ebx, [rsi]
    0x81, 0xc6, 0x00, 0x10, 0x00, 0x00,  //        add  esi, 4096
    0xff, 0xc9,                          //        dec  ecx
    0x75, 0xf2,                          //        jne  more
    0x89, 0xd8,                          //        mov  eax, ebx
    0xef,                                //        out  dx, eax
    0xeb, 0xac,                          //        jmp  next
});

// Page tables: the first GiB, as it is, for programs; read and written already, so that no
// processor has to note it.
void load(std::span<std::byte> memory) {
  constexpr std::uint64_t kTable = 0x27;
  constexpr std::uint64_t kLargePage = 0xe7;
  const auto put = [&](std::size_t at, std::uint64_t entry) {
    std::memcpy(&memory[at], &entry, sizeof entry);
  };
  put(0x1000, 0x2000 | kTable);
  put(0x2000, 0x3000 | kTable);
  for (std::uint64_t i = 0; i < 512; ++i) put(0x3000 + i * 8, i << 21 | kLargePage);
  std::memcpy(&memory[kProgramAt], kProgram.data(), kProgram.size());
}

[[noreturn]] void give_up(const char* what, int reason) {
  std::fprintf(stderr, "kvm: %s: %s, exit reason %d\n", what, strerrordesc_np(errno), reason);
  std::exit(1);
}

}  // namespace

std::unique_ptr<Guest> Guest::make(std::span<std::byte> memory, std::string& why) {
  std::unique_ptr<Guest> guest(new Guest);
  if (!guest->open(memory, why)) return nullptr;
  load(memory);
  guest->begin();
  return guest;
}

bool Guest::open(std::span<std::byte> memory, std::string& why) {
  const auto lacks = [&why](const char* what) {
    why = std::string(what) + ": " + strerrordesc_np(errno);
    return false;
  };
  kvm_ = ::open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm_ < 0) return lacks("/dev/kvm");
  machine_ = ioctl(kvm_, KVM_CREATE_VM, 0);
  if (machine_ < 0) return lacks("a virtual machine");
  kvm_userspace_memory_region region{};
  region.flags = KVM_MEM_LOG_DIRTY_PAGES;
  region.memory_size = memory.size();
  region.userspace_addr = reinterpret_cast<std::uint64_t>(memory.data());
  if (ioctl(machine_, KVM_SET_USER_MEMORY_REGION, &region) != 0) return lacks("a log of writes");
  dirty_.resize(memory.size() / kPage / 64);
  processor_ = ioctl(machine_, KVM_CREATE_VCPU, 0);
  if (processor_ < 0) return lacks("a processor");
  const int size = ioctl(kvm_, KVM_GET_VCPU_MMAP_SIZE, 0);
  void* const shared = mmap(nullptr, static_cast<std::size_t>(size), PROT_READ | PROT_WRITE,
                            MAP_SHARED, processor_, 0);
  if (shared == MAP_FAILED) return lacks("a processor's state");
  shared_ = static_cast<kvm_run*>(shared);
  shared_size_ = static_cast<std::size_t>(size);
  return true;
}

Guest::~Guest() {
  if (shared_ != nullptr) (void)munmap(shared_, shared_size_);
  for (const int descriptor : {processor_, machine_, kvm_}) {
    if (descriptor >= 0) (void)close(descriptor);
  }
}

// 64 bits, with paging, and as a program that may use ports.
void Guest::begin() {
  Registers registers = this->registers();
  kvm_sregs& special = registers.special;
  special.cr0 = 0x80050033;
  special.cr3 = 0x1000;
  special.cr4 = 0x20;
  special.efer = 0x500;
  kvm_segment segment{};
  segment.limit = 0xffffffff;
  segment.present = segment.s = segment.g = 1;
  segment.dpl = 3;
  segment.selector = 8 | 3;
  segment.type = 11;
  segment.l = 1;
  special.cs = segment;
  segment.selector = 16 | 3;
  segment.type = 3;
  segment.l = 0;
  segment.db = 1;
  special.ds = special.es = special.fs = special.gs = special.ss = segment;
  registers.general = {};
  registers.general.rip = kProgramAt;
  registers.general.rsp = 0x7000;
  registers.general.rflags = 0x3002;
  set_registers(std::as_bytes(std::span(&registers, 1)));
}

std::uint32_t Guest::run(std::uint32_t writes, std::uint32_t seed) {
  const std::array<std::uint32_t, 2> given{writes, seed};
  for (std::size_t asked = 0;;) {
    if (ioctl(processor_, KVM_RUN, 0) != 0) {
      if (errno == EINTR) continue;
      give_up("KVM_RUN", -1);
    }
    if (shared_->exit_reason != KVM_EXIT_IO) {
      give_up("the guest stopped", static_cast<int>(shared_->exit_reason));
    }
    auto* const word = reinterpret_cast<char*>(shared_) + shared_->io.data_offset;
    if (shared_->io.direction == KVM_EXIT_IO_IN) {
      std::memcpy(word, &given.at(asked++), sizeof(std::uint32_t));
      continue;
    }
    std::uint32_t answer = 0;
    std::memcpy(&answer, word, sizeof answer);
    finish_instruction();
    return answer;
  }
}

// Registers are whole only after KVM has gone on from the port; it need not run the guest for it.
void Guest::finish_instruction() {
  shared_->immediate_exit = 1;
  if (ioctl(processor_, KVM_RUN, 0) == 0 || errno != EINTR) give_up("KVM_RUN", -1);
  shared_->immediate_exit = 0;
}

std::span<const std::uint64_t> Guest::dirty() {
  kvm_dirty_log log{};
  log.dirty_bitmap = dirty_.data();
  if (ioctl(machine_, KVM_GET_DIRTY_LOG, &log) != 0) give_up("KVM_GET_DIRTY_LOG", -1);
  return dirty_;
}

Registers Guest::registers() const {
  Registers registers{};
  if (ioctl(processor_, KVM_GET_REGS, &registers.general) != 0 ||
      ioctl(processor_, KVM_GET_SREGS, &registers.special) != 0) {
    give_up("registers", -1);
  }
  return registers;
}

void Guest::set_registers(std::span<const std::byte> to) {
  Registers registers{};
  std::memcpy(&registers, to.data(), sizeof registers);
  if (ioctl(processor_, KVM_SET_SREGS, &registers.special) != 0 ||
      ioctl(processor_, KVM_SET_REGS, &registers.general) != 0) {
    give_up("registers", -1);
  }
}

}  // namespace cleave::example
