#!/bin/sh
# All memory of the library comes from src/sync/memory.h, which a test can make fail; placement new
# needs none. And the check would notice: planted offences must be found.
#   allocations.sh <root of the project>
bypasses='(^|[^A-Za-z_])new( \(std::nothrow\))? +[A-Za-z_:]'
bypasses="$bypasses"'|make_(shared|unique)(_for_overwrite)?<|(^|[^A-Za-z_.>])(malloc|calloc|realloc|aligned_alloc|strdup)\('
bypasses="$bypasses"'|std::(string|vector|map|set|list|deque|unordered_[a-z]+|function)( |<)[^;(]*[A-Za-z_] *(;|=|\{|CLEAVE_)'
bypasses="$bypasses"'|catch \(const std::bad_alloc'
# Comments and text out, then the names of what bypasses it.
look() {
  sed -E 's/"([^"\\]|\\.)*"/""/g; s@//.*@@' "$1" | grep -nE "$bypasses" | grep -v "Allocator<" | sed "s|^|$1:|"
}
# What goes to the caller as text of his own, by the policy at the head of src/sync/memory.h.
allowed() {
  case $1 in
    src/sync/memory.* | src/sync/allocator.h | src/base/error.cc) return 0 ;;
    # Made once, and handed to the caller as std::unique_ptr: of a library beside this one, which sees no sync::allocate.
    src/backing/*) [ -z "${2##*std::nothrow*}" ] ;;
    # Others, which give no_memory for std::bad_alloc where the caller's thread comes in (src/image/state.h).
    src/image/* | src/s3/* | src/rados/*) return 0 ;;
    src/capi/error.cc | src/capi/arena.cc) [ -z "${2##*catch*}" ] ;;
    *) return 1 ;;
  esac
}
cd "$1" || exit 1
found=$(find src -name '*.h' -o -name '*.cc' | sort | while read -r file; do
  look "$file" | while read -r line; do allowed "$file" "$line" || echo "$line"; done
done)
if [ -n "$found" ]; then
  echo "memory that does not come from src/sync/memory.h:"
  echo "$found"
  exit 1
fi

planted=$(mktemp) || exit 1
trap 'rm -f "$planted"' EXIT
failed=0
while read -r offence; do
  printf '%s\n' "$offence" >"$planted"
  [ -n "$(look "$planted")" ] || { echo "a planted offence was not found: $offence"; failed=1; }
done <<'OFFENCES'
auto* node = new Node(1);
auto* node = new (std::nothrow) Node(1);
auto node = std::make_shared<Node>(1);
auto node = std::make_unique<Node>(1);
void* memory = malloc(64);
std::vector<Pinned> pins_;
std::string reason;
std::map<std::string, int> kept_ CLEAVE_GUARDED_BY(lock_);
} catch (const std::bad_alloc&) {
OFFENCES
exit $failed
