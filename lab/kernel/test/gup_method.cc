#include "lab/kernel/test/gup_method.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace lab::kernel {
namespace {

using litmus::Access;
using litmus::Half;
using litmus::Word;

// Everything that a test does with one reference.
struct Life {
  struct Step {
    const litmus::Operation* operation;
    model::ProcessId process;
    bool then_dropped;  ///< its thread's next statement gives the reference back
  };
  std::vector<Step> steps;
};

bool drops_next(const judge::ThreadPlan& line, std::size_t at) {
  if (at + 1 == line.code.size()) return false;
  const judge::Instruction& next = line.code[at + 1];
  return next.operation != nullptr && next.operation->word == Word::drop &&
         next.reference == line.code[at].reference;
}

std::vector<Life> lives_of(const judge::Plan& plan) {
  std::vector<Life> lives(plan.references.size());
  for (const judge::ThreadPlan& line : plan.threads)
    for (std::size_t at = 0; at < line.code.size(); ++at) {
      const judge::Instruction& instruction = line.code[at];
      if (instruction.operation == nullptr) continue;
      switch (instruction.operation->word) {
        case Word::get:
        case Word::pin:
        case Word::peek:
        case Word::poke:
        case Word::drop:
          lives[instruction.reference].steps.push_back(
              {instruction.operation, line.process, drops_next(line, at)});
          break;
        default:
          break;
      }
    }
  return lives;
}

tl::expected<GupMethod, std::string> means_of(const litmus::Operation& take) {
  const Access& access = take.access;
  using Answer = tl::expected<GupMethod, std::string>;
  const auto none = [](const char* why) -> Answer { return tl::unexpected(std::string(why)); };
  if (access.only)
    return none("no call of this kernel takes a reference without locks or not at all");
  if (take.word == Word::get)
    return access.write ? none("no call of this kernel gives a plain reference to write that stays")
                        : Answer(GupMethod::vmsplice);
  if (access.lasting)
    return access.write ? Answer(GupMethod::registered)
                        : none("no call of this kernel pins for reading and for long");
  if (access.fast) return access.write ? GupMethod::fuse_read : GupMethod::fuse_write;
  return access.write ? GupMethod::copy_in : GupMethod::copy_out;
}

// What a pin for a moment can be used for: it ends with the call that it is for.
std::optional<std::string> too_much(const ReferenceUse& use, const Life& life) {
  std::vector<Half> in_order = use.halves;
  std::ranges::sort(in_order);
  const bool once = std::ranges::adjacent_find(in_order) == in_order.end();
  const bool writes = use.method == GupMethod::copy_in || use.method == GupMethod::fuse_read;
  const Word wrong = writes ? Word::peek : Word::poke;
  for (const Life::Step& step : life.steps)
    if (step.operation->word == wrong)
      return writes ? "no short pin to write can be looked through"
                    : "no pin to read can be written through";
  if (!once) return "a short pin is of one transfer, which moves each byte once";
  if (in_order != use.halves) return "a short pin is of one transfer, which moves bytes in order";
  // The server reads a request as a whole.
  if (use.method == GupMethod::fuse_write && use.halves.size() > 1)
    return "a short pin of direct I/O is looked through once";
  if (use.method == GupMethod::fuse_read && use.halves.size() > 1)
    return "a short pin of direct I/O is written through once";
  for (const Life::Step& step : life.steps)
    if (use.method == GupMethod::fuse_read && step.operation->word == Word::poke &&
        !step.then_dropped)
      return "a short pin of direct I/O ends when it is written through: its drop must be next";
  return std::nullopt;
}

tl::expected<ReferenceUse, std::string> use_of(const Life& life) {
  std::optional<ReferenceUse> use;
  for (const Life::Step& step : life.steps) {
    const litmus::Operation& operation = *step.operation;
    if (operation.word != Word::get && operation.word != Word::pin) continue;
    auto method = means_of(operation);
    if (!method) return tl::unexpected(method.error());
    if (use && use->method != *method)
      return tl::unexpected(std::string("one name for references of two kinds"));
    use = ReferenceUse{*method, {}};
  }
  if (!use) return ReferenceUse{};  // It is never taken: nothing to be done.
  for (const Life::Step& step : life.steps)
    if (step.operation->word == Word::peek || step.operation->word == Word::poke)
      use->halves.push_back(step.operation->half);
  const auto taken = std::ranges::find_if(life.steps, [](const Life::Step& step) {
    return step.operation->word == Word::get || step.operation->word == Word::pin;
  });
  const bool one_process = std::ranges::all_of(
      life.steps, [&](const Life::Step& step) { return step.process == taken->process; });
  if (use->method == GupMethod::vmsplice) {
    for (const Life::Step& step : life.steps)
      if (step.operation->word == Word::poke)
        return tl::unexpected(std::string("no reference to read can be written through"));
    return *use;
  }
  if (!one_process)
    return tl::unexpected(
        std::string("a pin is used by the process that took it, here by another, too"));
  if (use->method == GupMethod::registered) return *use;
  if (auto why = too_much(*use, life)) return tl::unexpected(*why);
  return *use;
}

}  // namespace

std::string_view name(GupMethod method) {
  switch (method) {
    case GupMethod::vmsplice:
      return "vmsplice";
    case GupMethod::registered:
      return "io_uring buffer";
    case GupMethod::copy_out:
      return "process_vm_readv";
    case GupMethod::copy_in:
      return "process_vm_writev";
    case GupMethod::fuse_write:
      return "direct write to FUSE";
    case GupMethod::fuse_read:
      return "direct read from FUSE";
  }
  return "";
}

tl::expected<std::vector<ReferenceUse>, std::string> reference_uses_of(const judge::Plan& plan) {
  std::vector<ReferenceUse> uses;
  const std::vector<Life> lives = lives_of(plan);
  for (std::size_t i = 0; i < lives.size(); ++i) {
    auto use = use_of(lives[i]);
    if (!use) return tl::unexpected(fmt::format("{}: {}", plan.references[i], use.error()));
    uses.push_back(std::move(*use));
  }
  return uses;
}

}  // namespace lab::kernel
