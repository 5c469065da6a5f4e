#include "lab/report/data/names.h"

namespace lab::report {

const char* name(explore::Search search) {
  switch (search) {
    case explore::Search::dpor:
      return "dpor";
    case explore::Search::states:
      return "states";
    case explore::Search::bound:
      return "bound";
    case explore::Search::random:
      return "random";
    case explore::Search::pct:
      return "pct";
    case explore::Search::naive:
      return "naive";
  }
  return "";
}

const char* name(judge::Standing standing) {
  switch (standing) {
    case judge::Standing::expected:
      return "as expected";
    case judge::Standing::open:
      return "open";
    case judge::Standing::deviates:
      return "deviates";
  }
  return "";
}

}  // namespace lab::report
