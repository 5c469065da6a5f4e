#include "lab/report/origin.h"

#include <nlohmann/json.hpp>

namespace lab::report {

nlohmann::ordered_json json(const Origin& origin) {
  return {{"by", origin.by}, {"on", origin.on}, {"command", origin.command}};
}

}  // namespace lab::report
