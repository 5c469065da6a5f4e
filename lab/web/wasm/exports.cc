// What the WebAssembly module shows to JavaScript. A call that switches fibers comes back from
// elsewhere than it went in, and its result is lost on the way: so answers stay here, to be fetched
// by a call of its own.
#include <string>

#include <emscripten/emscripten.h>

#include "lab/web/ask.h"

namespace {

std::string& answer() {
  static std::string text;
  return text;
}

}  // namespace

extern "C" {

/// Answers the question, a text that ends with a zero byte.
EMSCRIPTEN_KEEPALIVE void lab_ask(const char* question) { answer() = lab::web::answer(question); }

/// The answer to the last question, until the next one.
EMSCRIPTEN_KEEPALIVE const char* lab_answer() { return answer().c_str(); }
}
