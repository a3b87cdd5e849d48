// SPDX-License-Identifier: Apache-2.0
#include "control/store/sqlite/database.h"

#include <cerrno>
#include <sqlite3.h>
#include <utility>

#include "base/check.h"

namespace fairlead::store {

namespace {

bool out_of_space(int result, int os) {
  if ((result & 0xff) == SQLITE_FULL) return true;
  return (result & 0xff) == SQLITE_IOERR && (os == ENOSPC || os == EDQUOT || os == EFBIG);
}

Error sqlite_error(sqlite3* db, const std::string& file) {
  const int os = sqlite3_system_errno(db) != 0 ? sqlite3_system_errno(db)
                                               : errno;  // it forgets its own after a rollback
  const int result = sqlite3_extended_errcode(db);
  if (out_of_space(result, os))
    return {Code::exhausted, file, "the disk is full, nothing was written",
            "free space on its file system; reading goes on and writing resumes by itself"};
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::unavailable, file, "it is open in another process",
              "stop that process (`fuser` names it)"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged(file, sqlite3_errmsg(db));
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return {Code::denied, file, sqlite3_errmsg(db), "give the user of this process the file"};
    default:
      break;
  }
  if (os != 0 && ((result & 0xff) == SQLITE_IOERR || (result & 0xff) == SQLITE_CANTOPEN))
    return os_error(os, file, "check the file, its folder and its disk");
  return {Code::io, file, sqlite3_errmsg(db), "check the file, its folder and its disk"};
}

}  // namespace

Error damaged(const std::string& file, std::string reason) {
  return {Code::corrupt, file, "damaged: " + std::move(reason),
          "restore a snapshot (fairlead snapshot restore), or move it and the files whose names begin with "
          "its name "
          "away to start empty"};
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Database::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Statement::Statement(sqlite3* db, std::string file, sqlite3_stmt* statement)
    : db_(db), file_(std::move(file)), statement_(statement) {}

Statement& Statement::bind(int index, std::uint64_t value) {
  const int result = sqlite3_bind_int64(statement_.get(), index + 1, static_cast<sqlite3_int64>(value));
  FL_CHECK(result == SQLITE_OK, result, index);
  return *this;
}

Statement& Statement::bind(int index, std::string_view blob) {
  // A null pointer would bind NULL instead of no bytes.
  const char* bytes = blob.data() == nullptr ? "" : blob.data();
  const int result = sqlite3_bind_blob64(statement_.get(), index + 1, bytes, blob.size(), SQLITE_STATIC);
  FL_CHECK(result == SQLITE_OK, result, index);
  return *this;
}

Result<bool> Statement::step() {
  errno = 0;
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  Error error = sqlite_error(db_, file_);
  reset();
  return std::unexpected(std::move(error));
}

Result<> Statement::run() {
  FL_TRY(bool row, step());
  while (row) {
    FL_TRY(row, step());
  }
  reset();
  return {};
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

std::uint64_t Statement::integer(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_.get(), column));
}

std::string Statement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

Result<Database> Database::open(const std::filesystem::path& file) {
  Database database;
  database.file_ = file.string();
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  errno = 0;
  const int result = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
  database.db_.reset(raw);
  if (raw == nullptr) return fail(Code::exhausted, database.file_, "out of memory");
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (result != SQLITE_OK) return std::unexpected(sqlite_error(raw, database.file_));
  return database;
}

void Database::tidy_on_close() { sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr); }

Result<> Database::run(const char* sql) {
  errno = 0;
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(sqlite_error(db_.get(), file_));
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  errno = 0;
  const int size = static_cast<int>(sql.size());
  if (sqlite3_prepare_v3(db_.get(), sql.data(), size, SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK)
    return std::unexpected(sqlite_error(db_.get(), file_));
  return Statement(db_.get(), file_, raw);
}

Result<std::uint64_t> Database::integer(const char* sql) {
  FL_TRY(Statement statement, prepare(sql));
  FL_TRY(const bool row, statement.step());
  if (!row) return std::unexpected(damaged(file_, "no answer to " + std::string(sql)));
  return statement.integer(0);
}

Result<Transaction> Transaction::begin(Database& database) {
  FL_TRY_OK(database.run("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Result<> Transaction::commit() {
  FL_TRY_OK(database_->run("COMMIT"));
  database_ = nullptr;
  return {};
}

Transaction::~Transaction() {
  // After some errors SQLite has rolled back by itself.
  if (database_ != nullptr && sqlite3_get_autocommit(database_->db_.get()) == 0)
    (void)database_->run("ROLLBACK");
}

}  // namespace fairlead::store
