// Debian's SQLite with all of its memory in the arena: a shop that takes orders.
#include <memory>
#include <string>

#include <cleave/heap.h>
#include <cleave/must.h>

#include "adapters/sqlite/connection.h"
#include "bench/clients/client.h"

namespace cleave::bench {
namespace {

using namespace literals;

class Shop final : public Client {
 public:
  explicit Shop(std::span<std::byte> memory)
      : heap_(must(Heap::create(memory))), database_(std::make_unique<sqlite::Connection>(heap_)) {
    database_->execute(
        "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, stock INTEGER);"
        "CREATE TABLE purchase(id INTEGER PRIMARY KEY, item INTEGER, amount INTEGER, note TEXT);"
        "CREATE INDEX purchase_by_item ON purchase(item);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
        "INSERT INTO item SELECT i, 'item ' || i, 1000 FROM n");
  }

  void run_epoch() override {
    for (int i = 0; i < 200; ++i) {
      const std::string item = std::to_string(1 + (++orders_ * 7919) % 50'000);
      database_->execute("BEGIN; INSERT INTO purchase(item, amount, note) VALUES(" + item +
                         ", 1, 'order " + std::to_string(orders_) +
                         "'); UPDATE item SET stock = stock - 1 WHERE id = " + item + "; COMMIT");
    }
  }

 private:
  Heap heap_;
  std::unique_ptr<sqlite::Connection> database_;
  std::uint64_t orders_ = 0;
};

}  // namespace

const ClientKind kSqliteClient{.name = "sqlite",
                               .what = "two hundred orders of a shop, each a transaction of SQLite",
                               .memory = 256_MiB,
                               .make = [](std::span<std::byte> memory) -> std::unique_ptr<Client> {
                                 return std::make_unique<Shop>(memory);
                               }};

}  // namespace cleave::bench
