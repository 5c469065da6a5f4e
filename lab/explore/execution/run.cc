#include "lab/explore/execution/run.h"

#include "lab/explore/execution/atomic.h"
#include "lab/explore/execution/execution.h"

namespace lab::explore {

Variable::Variable(const char* name, std::uint64_t bits) : name_(name), bits_(bits) {
  if (Execution* e = Execution::current()) e->add(*this);
}

Variable::~Variable() {
  if (Execution* e = Execution::current()) e->remove(*this);
}

std::uint64_t Variable::read_bits() const {
  const auto e = Execution::current();
  return e == nullptr ? bits_ : e->read(*this);
}

void Variable::write_bits(std::uint64_t bits) {
  if (Execution* e = Execution::current())
    e->write(*this, bits);
  else
    bits_ = bits;
}

void Variable::add_bits(std::uint64_t difference, std::uint64_t mask) {
  if (Execution* e = Execution::current())
    e->add(*this, difference, mask);
  else
    bits_ = (bits_ + difference) & mask;
}

StepScope::~StepScope() {
  if (Execution* e = Execution::current()) e->end_step();
}

std::uint64_t Variable::load_bits(Order order) const {
  return Execution::here().load(*this, order);
}
void Variable::store_bits(std::uint64_t bits, Order order) {
  Execution::here().store(*this, bits, order);
}
std::uint64_t Variable::update_bits(Order order, const Change& change) {
  return Execution::here().update(*this, order, change);
}

void announce(const char* label) { Execution::here().stand(Execution::Kind::step, label); }
void announce_access(const char* label) { Execution::here().stand(Execution::Kind::access, label); }
void announce_look(const char* label) { Execution::here().stand(Execution::Kind::look, label); }
void announce_put(const char* label, Variable& variable, std::uint64_t bits) {
  Execution::here().put(label, variable, bits);
}
void announce_await(const char* label, bool (*ready)(const void*), const void* context) {
  Execution::here().await(label, ready, context);
}
void announce_watch(const char* label, bool (*ready)(const void*), const void* context) {
  Execution::here().watch(label, ready, context);
}
void fence(const char* name) { Execution::here().fence(name); }
void fence(const char* name, Order order) {
  Execution::here().fence(name, ordered(name, order, Use::fence));
}
void heavy_fence(const char* name) { Execution::here().heavy_fence(name); }
void atomic_store(const char* label, Variable& variable, std::uint64_t bits, Order order) {
  Execution::here().store(label, variable, bits, ordered(label, order, Use::store));
}
std::uint64_t atomic_wait(const char* label, const Variable& variable, Order order,
                          const Execution::Done& done) {
  return Execution::here().wait(label, variable, ordered(label, order, Use::load), done);
}
void Mutex::lock(const char* label) { Execution::here().lock(label, *this); }
void Mutex::unlock(const char* label) { Execution::here().unlock(label, *this); }
bool performs(const char* name) {
  const Execution* e = Execution::current();
  return e == nullptr || e->performs(name);
}
Order ordered(const char* site, Order order, Use use) {
  Execution* e = Execution::current();
  return e == nullptr ? order : e->ordered(site, order, use);
}
void at(const char* site) {
  if (Execution* e = Execution::current()) e->at_site(site);
}
std::uint64_t choose(const char* label, std::uint64_t count) {
  return Execution::here().choose(label, count);
}
int spawn(const char* name, std::function<void()> body) {
  return Execution::here().start_thread(name, std::move(body));
}
void operation(std::string_view text) { Execution::here().begin_operation(text); }
void again(const char* label) { Execution::here().begin_round(label); }
bool recorded() {
  const Execution* e = Execution::current();
  return e != nullptr && e->recorded();
}
void decided(std::string_view text) { Execution::here().decided(text); }
void reached(std::string_view label) { Execution::here().reach(label); }
void broken(std::string what) { Execution::here().give_up(std::move(what)); }
void stop_broken(std::string what) { Execution::here().stop(std::move(what)); }
int self() {
  const Execution* e = Execution::current();
  return e == nullptr ? -1 : e->self();
}

}  // namespace lab::explore
