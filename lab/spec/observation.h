// What was seen at the end of a program, and how it stands to what was promised.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lab/spec/promise.h"

namespace lab::spec {

/// What a reader saw who looked at everything when all was done. Fits into one number, as which it
/// goes through an exploration.
struct Observation {
  static constexpr Value kUnreadable = 255;
  static constexpr Value kNothing = 254;  ///< no such reference was taken

  std::array<std::array<Value, kPages>, kProcesses> value{};
  std::array<Value, kReferences> peek{};
  std::array<bool, kReferences> coherent{};
  std::array<bool, kProcesses> killed{};
  bool fork_refused = false;  ///< then the rest of the program means nothing

  [[nodiscard]] std::uint64_t packed() const;
  static Observation unpack(std::uint64_t packed);
  bool operator==(const Observation&) const = default;
};

enum class Harm : std::uint8_t {
  leak,    ///< bytes of another process, or of what is no longer there
  lost,    ///< a write that should be seen is not, or a pin sees another page than its owner
  killed,  ///< a process died of what it was allowed to do
  hang,    ///< a call waits for ever
  broken,  ///< what the judge itself claims of its books does not hold
};
const char* name(Harm harm);

/// Harms that Linux is known to do, and why: docs/reference/hunt.md.
enum class Known : std::uint8_t {
  no,
  hugetlb_references,  ///< hugetlbfs' pages are written by their map count, whoever refers to them
  hugetlb_pool,        ///< who finds the pool of huge pages empty dies, or its child loses its page
  lazyfree_shared,     ///< what one process gave up is dropped where another has it, too
};
const char* name(Known known);

/// A promise that was not kept.
struct Breach {
  Harm harm = Harm::leak;
  Known known = Known::no;
  std::optional<litmus::Condition> end;  ///< that must not be; a hang and broken books have none
  std::string what;                      ///< the end as text; of broken books, what they say
};

/// The names by which a program's processes, pages and references go: P and C, x and y, p, q and s.
const char* process_name(std::size_t process);
std::string page_name(const Beginning& beginning, std::size_t page);
const char* reference_name(std::size_t reference);
litmus::Place place_of(const Beginning& beginning, std::size_t page);
/// The register that a last look through the reference goes to.
std::string register_name(std::size_t reference);

/// Whether the one is worse than the other: nothing that is known is worse than what is not.
bool is_worse(const Breach& one, const Breach& other);

/// The promises that are not kept, the worst first; none: all is as promised.
std::vector<Breach> breaches(const Promise& promise, const Observation& seen);

}  // namespace lab::spec
