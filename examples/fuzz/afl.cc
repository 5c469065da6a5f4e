// The side of AFL++'s fork server that fuzzes, as afl-fuzz has it.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>

#include "examples/fuzz/afl_interface.h"
#include "examples/fuzz/ways.h"

namespace cleave::example {

#ifdef CLEAVE_FUZZ_AFL

namespace {

class ByAfl final : public Way {
 public:
  ByAfl() {
    std::array<int, 2> told{};
    std::array<int, 2> answers{};
    const int file = memfd_create("input", MFD_CLOEXEC);
    if (pipe2(told.data(), O_CLOEXEC) != 0 || pipe2(answers.data(), O_CLOEXEC) != 0 ||
        ftruncate(file, sizeof(afl::Shared)) != 0) {
      std::abort();
    }
    server_ = fork();
    if (server_ == 0) become_server(told[0], answers[1], file);
    void* const at =
        mmap(nullptr, sizeof(afl::Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (at == MAP_FAILED) std::abort();
    input_ = static_cast<afl::Shared*>(at);
    for (const int end : {told[0], answers[1], file}) (void)close(end);
    told_ = told[1];
    answers_ = answers[0];
    (void)receive();  // what it can do
  }
  ~ByAfl() override {
    (void)kill(server_, SIGKILL);
    (void)waitpid(server_, nullptr, 0);
  }

  bool run(std::string_view statements) override {
    input_->size = std::min(statements.size(), input_->statements.size());
    std::copy_n(statements.begin(), input_->size, input_->statements.begin());
    const std::uint32_t go = 0;  // the last one was not killed
    if (write(told_, &go, sizeof go) != sizeof go) std::abort();
    (void)receive();  // the child's number
    return receive() == 0;
  }
  unsigned long long fingerprint() override { return 0; }  // the server's is another process's

 private:
  [[noreturn]] static void become_server(int told, int answers, int file) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);  // It goes with this program, however that ends.
    if (dup2(told, afl::kTold) < 0 || dup2(answers, afl::kAnswers) < 0 ||
        dup2(file, afl::kInputFile) < 0) {
      _exit(1);
    }
    (void)setenv("__AFL_DEFER_FORKSRV", "1", 1);  // it begins where the target says so
    (void)setenv("AFL_OLD_FORKSERVER", "1", 1);   // newer ones would ask for a version first
    (void)execl(CLEAVE_FUZZ_AFL, CLEAVE_FUZZ_AFL, nullptr);
    _exit(1);
  }
  [[nodiscard]] std::uint32_t receive() const {
    std::uint32_t answer = 0;
    if (read(answers_, &answer, sizeof answer) != sizeof answer) std::abort();
    return answer;
  }

  afl::Shared* input_ = nullptr;
  int told_ = -1, answers_ = -1;
  pid_t server_ = -1;
};

}  // namespace

std::unique_ptr<Way> by_afl() { return std::make_unique<ByAfl>(); }

#else

std::unique_ptr<Way> by_afl() { return nullptr; }

#endif

}  // namespace cleave::example
