// A litmus test as a syntax tree: what is there at the start, who does what, which end is in
// question, and what each judge is expected to say. It says nothing of how a judge performs a word:
// the same tree is run by the model and by the kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lab::litmus {

/// A place in a file: both from 1, columns in bytes. Tests that differ in layout alone are equal.
struct Where {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend bool operator==(const Where&, const Where&) { return true; }
};

/// Comments: whole lines before a line, and one at its end; without the `#`.
struct Remarks {
  std::vector<std::string> before;
  std::string after;
  bool operator==(const Remarks&) const = default;
};

/// A page's bytes as two halves that are written apart: a device writes one, a CPU the other.
enum class Half : std::uint8_t { a, b };

/// A page as a thread names it: `x`, `x[2]`, `x.b`, or with the process whose page is meant, `C:x`.
struct Place {
  Where at;
  std::string process;  ///< empty: the one whose thread speaks
  std::string page;
  /// Which page of a large one. None: all of it for what works on ranges (unmap), else its first.
  std::optional<std::uint32_t> index;
  Half half = Half::a;
  bool operator==(const Place&) const = default;
};

/// What a thread can do. docs/reference/litmus.md says what each word means, vocabulary.h how it is
/// written.
enum class Word : std::uint8_t {
  // The CPU.
  write,
  read,
  force,
  // Processes, and order among threads.
  fork,
  exit,
  signal,
  wait,
  // References.
  get,
  pin,
  peek,
  poke,
  drop,
  // Mappings.
  unmap,
  map,
  discard,
  free,
  protect,
  dontfork,
  dofork,
  wipeonfork,
  wp,
  unwp,
  missing,
  minor,
  serve,
  uffd_copy,
  uffd_zeropage,
  uffd_continue,
  clear_refs,
  move,
  uffd_move,
  // What the kernel does by itself.
  swapout,
  swapoff,
  writeback,
  merge,
  unmerge,
  migrate,
  split,
  split_pmd,
  collapse,
  lock,
  unlock,
  lru,
  drain,
};

enum class Protection : std::uint8_t { none, ro, rw };
enum class Phase : std::uint8_t { begin, end };

/// How userfaultfd write-protects: what is there, and whoever writes waits; async: the kernel lets
/// it write; unpopulated: also what is not there yet.
enum class WpMode : std::uint8_t { waits, async, unpopulated };

/// How a reference is taken.
struct Access {
  bool write = false;
  bool fast = false;     ///< without locks first
  bool only = false;     ///< without locks or not at all; implies fast
  bool lasting = false;  ///< for as long as the holder likes: FOLL_LONGTERM
  bool operator==(const Access&) const = default;
};

/// One word with what it is given. The syntax of the word says which members mean something; the
/// others keep their default.
struct Operation {
  Word word = Word::exit;
  Place place;
  Place other;              ///< merge, move, uffd_move: the second page
  std::uint64_t value = 0;  ///< write, force, poke, uffd_copy
  std::string name;         ///< of a process, a label, or a reference
  Half half = Half::a;      ///< of the page behind a reference: peek, poke
  std::string result;       ///< the register that the result goes to; empty: it is not kept
  Access access;
  Protection protection = Protection::none;
  Phase phase = Phase::begin;
  bool event = false;  ///< fork, move: userfaultfd is told, and goes on serving
  WpMode mode = WpMode::waits;
  bool protects = false;  ///< uffd_copy, uffd_continue: what comes is write-protected
  bool operator==(const Operation&) const = default;
};

struct Statement;

/// `if r = 1 { ... }` or `if r != 1 { ... }`.
struct If {
  std::string reg;
  bool equal = true;
  std::uint64_t value = 0;
  std::vector<Statement> body;
  bool operator==(const If&) const;
};

struct Repeat {
  std::uint32_t times = 1;
  std::vector<Statement> body;
  bool operator==(const Repeat&) const;
};

struct Statement {
  Where at;
  Remarks remarks;
  std::string label;  ///< empty: none
  std::variant<Operation, If, Repeat> what;
  std::vector<std::string> last_remarks;  ///< before the brace that closes an if or a repeat
  bool operator==(const Statement&) const = default;
};

struct Thread {
  Where at;
  Remarks remarks;
  std::string name;
  std::vector<Statement> body;
  std::vector<std::string> last_remarks;
  bool operator==(const Thread&) const = default;
};

/// The name of the only thread of a process that is written without threads.
inline constexpr const char* kMain = "main";

struct Process {
  Where at;
  Remarks remarks;
  std::string name;
  std::string parent;  ///< who forks it; empty: it is there from the start
  std::vector<Thread> threads;
  std::vector<std::string> last_remarks;
  bool operator==(const Process&) const = default;
};

enum class PageKind : std::uint8_t {
  page,     ///< a small page
  huge,     ///< a large folio, mapped as one (by a PMD)
  folio,    ///< a large folio, each page of it mapped by itself
  hugetlb,  ///< a page of hugetlbfs
};

enum class Attribute : std::uint8_t {
  zero,
  file,
  shared,
  ksm,
  swapped,
  readonly,
  unmapped,
  continued,
};

/// A page of the first process, as it is at the start.
struct Page {
  Where at;
  Remarks remarks;
  PageKind kind = PageKind::page;
  std::string name;
  std::uint32_t count = 1;  ///< how many pages a large one has
  std::uint64_t value = 0;
  std::vector<Attribute> attributes;  ///< each at most once, in the order of the enum
  std::uint32_t held = 0;             ///< references that are held outside the test throughout
  bool operator==(const Page&) const = default;
};

/// What swap lies on. synchronous: a device as fast as memory, which diagnostics read without the
/// swap cache. stable_writes: one whose pages must not change while they are written.
enum class Swap : std::uint8_t { ordinary, synchronous, stable_writes };

enum class AtomKind : std::uint8_t {
  reg,        ///< C.t:r = 1      a register of a thread
  content,    ///< P:x.b = 1      what the process would read there
  coherent,   ///< coherent(p)    the page behind the reference is still the one its owner has there
  same,       ///< same(P:x, C:x) both have one page there
  pinned,     ///< pinned(P:x)
  exclusive,  ///< exclusive(P:x)
  swapped,    ///< swapped(P:x)
  protected_,  ///< wp(P:x)        the next write asks userfaultfd
  softdirty,   ///< softdirty(P:x) written since clear_refs, as the page table shows it
  mapped,      ///< mapped(P:x)    an address that can be read
  copies,      ///< copies(x) <= 2 how often a page at x was copied during the run, in all processes
  killed,      ///< killed(P)
};

enum class Comparison : std::uint8_t { equal, unequal, at_most, at_least };

struct Atom {
  Where at;
  AtomKind kind = AtomKind::reg;
  std::string process;  ///< reg, killed
  std::string thread;   ///< reg
  std::string name;     ///< of a register, or of the reference of coherent
  Place place;
  Place other;                                ///< same
  Comparison comparison = Comparison::equal;  ///< reg, content: (un)equal; copies: any
  std::uint64_t value = 0;
  bool operator==(const Atom&) const = default;
};

/// A formula. `both` and `either` have two parts or more, `no` has one.
struct Condition {
  enum class Kind : std::uint8_t { atom, no, both, either };
  Kind kind = Kind::atom;
  Atom atom;
  std::vector<Condition> parts;
  bool operator==(const Condition&) const;
};

/// What is claimed of the condition where no `expect` says otherwise.
enum class Claim : std::uint8_t {
  forbidden,  ///< no run ends so
  exists,     ///< nothing: it is a question
  allowed,    ///< some run ends so
  always,     ///< every run ends so
};

struct Final {
  Where at;
  Remarks remarks;
  Claim claim = Claim::exists;
  Condition condition;
  bool operator==(const Final&) const = default;
};

enum class Memory : std::uint8_t { sc, tso, ra };

/// One judge or several: `A`, `C0..F`, `E1,reuse_small=map`, `E1,drop=fork.seq`. Only judges know
/// the names.
struct Judges {
  Where at;
  std::string first;
  std::string last;  ///< empty: `first` alone
  std::vector<std::pair<std::string, std::string>> changes;
  bool operator==(const Judges&) const = default;
};

enum class Verdict : std::uint8_t {
  never,
  sometimes,
  always,
  hang,    ///< some run ends with threads that wait for ever
  broken,  ///< some run breaks what must never be broken: a rule's own check fails, a page leaks
  none,    ///< `-`: nothing is expected; the test means nothing to these judges
};

/// `expect [tso|ra] A B: always; C0..F: never`
struct Expect {
  struct Group {
    std::vector<Judges> judges;
    Verdict verdict = Verdict::never;
    bool operator==(const Group&) const = default;
  };
  Where at;
  Remarks remarks;
  Memory memory = Memory::sc;
  std::vector<Group> groups;
  bool operator==(const Expect&) const = default;
};

/// `reach LABEL [under JUDGES]`: some run must come by the label, else the test shows nothing.
struct Reach {
  Where at;
  Remarks remarks;
  std::string label;
  std::vector<Judges> under;  ///< empty: under all
  bool operator==(const Reach&) const = default;
};

struct Test {
  Where at;
  Remarks remarks;
  std::string name;
  std::string about;   ///< one sentence
  std::string source;  ///< where the case comes from
  std::string why;     ///< why it ends as expected
  std::vector<Page> pages;
  Swap swap = Swap::ordinary;
  std::optional<std::uint32_t> free_hugetlb;  ///< free huge pages of the pool; none: enough
  std::vector<Process> processes;  ///< the first is there from the start and has the pages
  Final final;
  std::vector<Expect> expects;
  std::vector<Reach> reaches;
  std::vector<std::string> last_remarks;
  bool operator==(const Test&) const = default;
};

}  // namespace lab::litmus
