// The program under commits.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "adapters/program/kernel/frame.h"
#include "adapters/program/memory/area.h"
#include "adapters/program/state/census.h"
#include "adapters/program/state/members.h"
#include "adapters/program/state/moments.h"

namespace cleave::program {

/// What a commit or a checkout came to.
struct Outcome {
  SharedMoment moment;
  std::uint64_t pages;  ///< recorded, or restored
  std::optional<std::uint64_t> hash;
  Told told;
};

/// Or the sentence that says why not; then nothing has changed.
using Answer = tl::expected<Outcome, std::string>;

/// Everything but start() is called while the program rests in a frame, on this library's stack.
class Program {
 public:
  /// Takes the program's memory over. On this library's own stack, before the program runs.
  static Result<std::unique_ptr<Program>> start();

  /// The program rests in this frame; until it goes on, commit() records that it does so there.
  void rests_in(Frame* frame);
  /// Where it goes on.
  Frame* goes_on();

  Answer commit(const std::string& name);
  Answer checkout(const SharedMoment& moment);

  [[nodiscard]] const Moments& moments() const { return moments_; }
  /// False: there is none of that name.
  bool forget(const std::string& name);
  /// Where the program stands.
  [[nodiscard]] const SharedMoment& head() const { return head_; }

  /// Whether each outcome has a hash.
  void hash_outcomes(bool wanted) { hashes_ = wanted; }

  [[nodiscard]] Area& area() { return *area_; }
  [[nodiscard]] const Members& members() const { return members_; }

 private:
  explicit Program(Pool pool) : members_(std::move(pool)) {}
  [[nodiscard]] std::optional<std::uint64_t> hash();
  Answer commit_or_throw(const std::string& name);
  Answer checkout_or_throw(const SharedMoment& moment);

  Members members_;
  std::optional<Area> area_;
  std::optional<Census> census_;
  Moments moments_;
  SharedMoment head_;
  bool hashes_ = false;
  GoingOn going_on_{};
};

/// The one that there is; nullptr: not yet, or not in this process.
Program* program() noexcept;
void set_program(std::unique_ptr<Program> started) noexcept;

}  // namespace cleave::program
