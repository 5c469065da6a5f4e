// Hunts, part by part: so that whoever asks can show how far it is, and stop.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace lab::web {

/// The parts that the hunt has: what each is, as text.
nlohmann::ordered_json parts_of_hunt(const nlohmann::ordered_json& question);
/// The answer of one of them.
nlohmann::ordered_json hunt_in_part(const nlohmann::ordered_json& question);

}  // namespace lab::web
