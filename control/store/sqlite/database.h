// SPDX-License-Identifier: Apache-2.0
// SQLite with owners and Results: a Database, its Statements, a Transaction.
// Integers go in and out as 64-bit unsigned (kept by their bits), keys and
// values as blobs. Every error names the file, and tells disk full, in use,
// damaged and refused apart. No SQLite type leaves this folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace fairlead::store {

// A prepared statement, bound and stepped again and again.
class Statement {
 public:
  Statement(sqlite3* db, std::string file, sqlite3_stmt* statement);

  // Parameters count from 1 in the SQL, here from 0. Blobs must outlive the step.
  Statement& bind(int index, std::uint64_t value);
  Statement& bind(int index, std::string_view blob);

  Result<bool> step();  // true: a row is there
  Result<> run();       // to the end, then ready for the next use
  void reset();

  std::uint64_t integer(int column) const;
  std::string blob(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  sqlite3* db_;
  std::string file_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  static Result<Database> open(const std::filesystem::path& file);

  Result<> run(const char* sql);
  Result<Statement> prepare(std::string_view sql);
  Result<std::uint64_t> integer(const char* sql);  // first column of the first row
  // From open() on, closing leaves every file as it is; after this, it brings the log home.
  void tidy_on_close();
  const std::string& file() const { return file_; }

 private:
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* db) const;
  };
  std::unique_ptr<sqlite3, Close> db_;
  std::string file_;
};

// Rolls back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Result<> commit();
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

// Damage found by us rather than by SQLite, with the same remedy.
Error damaged(const std::string& file, std::string reason);

}  // namespace fairlead::store
