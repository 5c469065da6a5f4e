// Refs that are no marks of people's: leases of readers, and what readers touched.
//
// A lease is a ref, so that it is what keeps a commit from a collector (lab/repository): it is
// swapped in before anything is relied on, and taken out when nothing is. Of a reader that died
// without doing so the collector takes it out, where it can tell: in the same boot and the same
// namespace of processes, by asking for the process. Never by a clock.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "image/format/id.h"

namespace cleave::detail::image {

/// A name for a lease of this process, which no other has.
std::string name_of_lease();
/// Whether a ref is a lease of a process that is known to have ended.
bool is_lease_of_the_dead(std::string_view ref);

/// Whether it is a name that people cannot push to: a lease, or what was touched.
bool is_reserved(std::string_view ref);
/// Whether it is a lease, which means nothing in another repository.
bool is_lease(std::string_view ref);

/// The ref of what readers of a commit touched.
std::string name_of_touched(const ImageId& commit);
/// The commit of which a ref says what was touched; nothing where it is another ref.
std::optional<ImageId> touched_of(std::string_view ref);

}  // namespace cleave::detail::image
