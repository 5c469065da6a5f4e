// Faults that the model had once, planted again: a hunt that would not see them would be none.
#include <gmock/gmock.h>

#include "tests/hunt/hunted.h"

namespace lab::hunt {
namespace {

using litmus::Word;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;

model::Task task_of(std::uint32_t cpu, const judge::Instruction& i) { return {i.process, cpu}; }

// Reclaim's own reference makes the owner's next write copy, away from a pin.
void visiting_reclaim(Scene& scene, std::uint32_t cpu, const judge::Instruction& i) {
  if (i.operation->word != Word::swapout) return scene.perform_plainly(cpu, i);
  const model::Task task = task_of(cpu, i);
  scene.perform_plainly(cpu, i);
  const auto pinned = [&] { return scene.machine().pinned(i.process, i.page); };
  if (!explore::look("is it pinned", pinned)) return;
  const auto value = scene.machine().read(task, i.page);
  (void)scene.machine().discard(task, i.page);
  if (value) (void)scene.machine().write(task, i.page, *value);
}

// A page that is moved to another address keeps a protection that nobody will lift.
void sticky_move(Scene& scene, std::uint32_t cpu, const judge::Instruction& i) {
  scene.perform_plainly(cpu, i);
  if (i.operation->word == Word::move)
    (void)scene.machine().write_protect(task_of(cpu, i), i.other);
}

// A forced write says that it was done, and is not.
void lost_force(Scene& scene, std::uint32_t cpu, const judge::Instruction& i) {
  if (i.operation->word != Word::force) scene.perform_plainly(cpu, i);
}

// Migration writes back what the page held before another thread wrote.
void late_migration(Scene& scene, std::uint32_t cpu, const judge::Instruction& i) {
  if (i.operation->word != Word::migrate) return scene.perform_plainly(cpu, i);
  const model::Task task = task_of(cpu, i);
  const auto before = scene.machine().read(task, i.page);
  if (before) (void)scene.machine().write(task, i.page, *before);
}

// Before a child unmaps a page its parent's memory is overwritten.
void leaking_unmap(Scene& scene, std::uint32_t cpu, const judge::Instruction& i) {
  if (i.operation->word == Word::unmap && i.process == 1)
    (void)scene.machine().write({0, cpu}, i.page, 9);
  scene.perform_plainly(cpu, i);
}

// Merging gives the owner of a pinned page a copy.
void copying_merge(Scene& scene, std::uint32_t cpu, const judge::Instruction& i) {
  if (i.operation->word != Word::merge) return scene.perform_plainly(cpu, i);
  const model::Task task = task_of(cpu, i);
  const auto value = scene.machine().read(task, i.page);
  (void)scene.machine().discard(task, i.page);
  if (value) (void)scene.machine().write(task, i.page, *value);
}

// To undo a merge waits for what nobody does.
void endless_unmerge(Scene& scene, std::uint32_t cpu, const judge::Instruction& i) {
  if (i.operation->word != Word::unmerge) return scene.perform_plainly(cpu, i);
  explore::await(
      "waits for another pass", [] { return false; }, [] {});
}

// What a handler supplies comes as zeroes.
void empty_copy(Scene& scene, std::uint32_t cpu, const judge::Instruction& i) {
  if (i.operation->word != Word::uffd_copy) return scene.perform_plainly(cpu, i);
  (void)scene.machine().uffd_zeropage(task_of(cpu, i), {i.page});
}

// A handler is asked for what is there.
void forgetful_registration(Scene& scene, std::uint32_t cpu, const judge::Instruction& i) {
  scene.perform_plainly(cpu, i);
  if (i.operation->word == Word::missing) (void)scene.machine().discard(task_of(cpu, i), {i.page});
}

// The page of a file is not mapped, and its handler says that it is.
void idle_continue(Scene& scene, std::uint32_t cpu, const judge::Instruction& i) {
  if (i.operation->word != Word::uffd_continue) scene.perform_plainly(cpu, i);
}

TEST(PlantedFaults, AreFound) {
  const auto found = [](Performer performer, const char* words, const char* starts = "small") {
    return programs(hunted(
        {.rules = "F", .starts = starts, .words = words, .depth = 3, .performer = performer}));
  };
  EXPECT_THAT(found(visiting_reclaim, "write,pin,pin write,swapout"),
              Contains("lost small: P pin x -> p; P swapout x"));
  EXPECT_THAT(found(sticky_move, "write,move", "two"),
              Contains("hang two: P move x y; P write y 2"));
  EXPECT_THAT(found(lost_force, "write,force"), Contains("lost small: P force x 2"));
  EXPECT_THAT(found(leaking_unmap, "fork,unmap"), Contains("leak small: P fork; C unmap x"));
  EXPECT_THAT(found(copying_merge, "pin,merge", "two"),
              Contains("lost two: P pin x -> p; P merge x P:y"));
  EXPECT_THAT(found(empty_copy, "missing,discard,uffd_copy"),
              Contains("lost small: P missing x; P discard x; P uffd_copy x 2"));
  EXPECT_THAT(found(forgetful_registration, "missing,read"), Contains("leak small: P missing x"));
  EXPECT_THAT(found(endless_unmerge, "unmerge"), Contains("hang small: P unmerge x"));
}

TEST(PlantedFaults, OfWhatIsContinuedAreFound) {
  const Answer answer = hunted({.rules = "F",
                                .starts = "shared",
                                .words = "minor,discard,uffd_continue,read",
                                .depth = 4,
                                .performer = idle_continue});
  EXPECT_THAT(programs(answer),
              Contains("hang shared: P minor x; P discard x; P uffd_continue x; P read x"));
}

TEST(PlantedFaults, OfARaceAreFound) {
  const Asked asked{.rules = "F",
                    .depth = 0,
                    .race = "write,migrate",
                    .before_most = 0,
                    .memories = {explore::Memory::sc},
                    .performer = late_migration};
  EXPECT_THAT(programs(hunted(asked)), Contains("lost small: {P write x 2 || P migrate x}"));
}

TEST(PlantedFaults, AreNotSeenWhereThereAreNone) {
  EXPECT_THAT(programs(hunted({.rules = "F",
                               .starts = "small,two",
                               .words = "write,fork,force,move,unmap,pin,swapout",
                               .depth = 3})),
              IsEmpty());
}

}  // namespace
}  // namespace lab::hunt
