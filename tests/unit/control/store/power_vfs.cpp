// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/control/store/power_vfs.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sqlite3.h>

namespace fairlead::store::test {
namespace {

constexpr std::size_t kSector = 512;

Power* g_power = nullptr;  // the layer is SQLite's, and SQLite's are global

struct OpenFile {
  sqlite3_file base;
  std::string* path;
};
const std::string& path_of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file)->path; }

int x_close(sqlite3_file* file) {
  delete reinterpret_cast<OpenFile*>(file)->path;
  return SQLITE_OK;
}
int x_read(sqlite3_file* file, void* into, int amount, sqlite3_int64 offset) {
  const auto size = static_cast<std::size_t>(amount);
  const std::string found = g_power->read(path_of(file), static_cast<std::uint64_t>(offset), size);
  std::memcpy(into, found.data(), found.size());
  if (found.size() == size) return SQLITE_OK;
  std::memset(static_cast<char*>(into) + found.size(), 0, size - found.size());
  return SQLITE_IOERR_SHORT_READ;
}
int x_write(sqlite3_file* file, const void* from, int amount, sqlite3_int64 offset) {
  std::string bytes(static_cast<const char*>(from), static_cast<std::size_t>(amount));
  const bool done =
      g_power->write(path_of(file), {static_cast<std::uint64_t>(offset), std::move(bytes), false});
  return done ? SQLITE_OK : SQLITE_IOERR_WRITE;
}
int x_truncate(sqlite3_file* file, sqlite3_int64 size) {
  const bool done = g_power->write(path_of(file), {static_cast<std::uint64_t>(size), {}, true});
  return done ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}
int x_sync(sqlite3_file* file, int) { return g_power->sync(path_of(file)) ? SQLITE_OK : SQLITE_IOERR_FSYNC; }
int x_file_size(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(g_power->size(path_of(file)));
  return SQLITE_OK;
}
int x_lock(sqlite3_file*, int) { return SQLITE_OK; }
int x_check_lock(sqlite3_file*, int* held) {
  *held = 0;
  return SQLITE_OK;
}
int x_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int x_sector(sqlite3_file*) { return static_cast<int>(kSector); }
int x_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

const sqlite3_io_methods kMethods = {
    1,       x_close,      x_read,    x_write,  x_truncate,        x_sync,  x_file_size, x_lock,
    x_lock,  x_check_lock, x_control, x_sector, x_characteristics, nullptr, nullptr,     nullptr,
    nullptr, nullptr,      nullptr};

int x_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  auto* opened = reinterpret_cast<OpenFile*>(file);
  opened->base.pMethods = nullptr;
  if (name == nullptr || (flags & SQLITE_OPEN_TEMP_JOURNAL) != 0) return SQLITE_CANTOPEN;
  g_power->create(name);
  opened->path = new std::string(name);
  opened->base.pMethods = &kMethods;
  if (out != nullptr) *out = flags;
  return SQLITE_OK;
}
int x_delete(sqlite3_vfs*, const char* name, int) {
  return g_power->remove(name) ? SQLITE_OK : SQLITE_IOERR_DELETE;
}
int x_access(sqlite3_vfs*, const char* name, int, int* result) {
  *result = g_power->exists(name) ? 1 : 0;
  return SQLITE_OK;
}
int x_full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

// Everything else is the system's.
sqlite3_vfs* make_layer() {
  static sqlite3_vfs layer;
  layer = *sqlite3_vfs_find(nullptr);
  layer.iVersion = 1;
  layer.szOsFile = sizeof(OpenFile);
  layer.zName = "power";
  layer.xOpen = x_open;
  layer.xDelete = x_delete;
  layer.xAccess = x_access;
  layer.xFullPathname = x_full_path;
  return &layer;
}

}  // namespace

Power::Power() {
  if (g_power != nullptr) std::abort();
  g_power = this;
  static sqlite3_vfs* const layer = make_layer();
  sqlite3_vfs_register(layer, 1);
}

Power::~Power() {
  sqlite3_vfs_unregister(sqlite3_vfs_find("power"));
  g_power = nullptr;
}

void Power::cut_after(std::uint64_t operations) {
  const std::lock_guard lock(mutex_);
  spent_ = 0;
  limit_ = operations;
}

std::uint64_t Power::operations() const {
  const std::lock_guard lock(mutex_);
  return spent_;
}

bool Power::is_off() const {
  const std::lock_guard lock(mutex_);
  return off_;
}

bool Power::spend() {
  if (off_) return false;
  off_ = ++spent_ > limit_;
  return !off_;
}

void Power::apply(std::string& content, const Change& change) {
  if (change.truncates) return content.resize(change.offset);
  if (content.size() < change.offset + change.bytes.size())
    content.resize(change.offset + change.bytes.size());
  content.replace(change.offset, change.bytes.size(), change.bytes);
}

// Whole, not at all, or any set of its sectors.
void Power::tear(std::string& content, const Change& change, std::mt19937_64& random) {
  const std::uint64_t fate = random() % 3;
  if (fate == 0) return;
  if (fate == 1 || change.truncates) return apply(content, change);
  for (std::size_t at = 0; at < change.bytes.size();) {
    const std::size_t end = std::min<std::size_t>(
        change.bytes.size(), at + kSector - static_cast<std::size_t>(change.offset + at) % kSector);
    if (random() % 2 == 0) apply(content, {change.offset + at, change.bytes.substr(at, end - at), false});
    at = end;
  }
}

void Power::lose(std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  std::mt19937_64 random(seed);
  for (auto& [path, file] : files_) {
    for (const Change& change : file.unsynced) tear(file.safe, change, random);
    file = {file.safe, file.safe, {}};
  }
  off_ = false;
  limit_ = kNever;
  spent_ = 0;
}

void Power::keep() {
  const std::lock_guard lock(mutex_);
  for (auto& [path, file] : files_) file = {file.now, file.now, {}};
  off_ = false;
  limit_ = kNever;
}

const Power::File* Power::ending_with(const std::string& end) const {
  for (const auto& [path, file] : files_)
    if (path.ends_with(end)) return &file;
  return nullptr;
}

std::string Power::bytes(const std::string& file) const {
  const std::lock_guard lock(mutex_);
  const File* found = ending_with(file);
  return found == nullptr ? "" : found->now;
}

void Power::flip(const std::string& file, std::size_t at) {
  const std::lock_guard lock(mutex_);
  if (const File* found = ending_with(file)) {
    auto& now = const_cast<File*>(found)->now;
    now.at(at) = static_cast<char>(now.at(at) ^ (1 << (at % 8)));
  }
}

void Power::hold_syncs() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void Power::release_syncs() {
  const std::lock_guard lock(mutex_);
  held_ = false;
  gate_.notify_all();
}

void Power::wait_for_sync() {
  std::unique_lock lock(mutex_);
  gate_.wait(lock, [this] { return waiting_ > 0; });
}

bool Power::write(const std::string& path, Change change) {
  const std::lock_guard lock(mutex_);
  const bool was_on = !off_;
  const bool done = spend();
  File& file = files_[path];
  if (was_on) file.unsynced.push_back(change);  // the write under way may be torn, too
  if (done) apply(file.now, change);
  return done;
}

bool Power::sync(const std::string& path) {
  std::unique_lock lock(mutex_);
  ++waiting_;
  gate_.notify_all();
  gate_.wait(lock, [this] { return !held_; });
  --waiting_;
  if (!spend()) return false;
  File& file = files_[path];
  file.safe = file.now;
  file.unsynced.clear();
  return true;
}

std::string Power::read(const std::string& path, std::uint64_t offset, std::size_t size) {
  const std::lock_guard lock(mutex_);
  const std::string& now = files_[path].now;
  return offset >= now.size() ? "" : now.substr(offset, size);
}

std::uint64_t Power::size(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return files_[path].now.size();
}

bool Power::exists(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return files_.contains(path);
}

void Power::create(const std::string& path) {
  const std::lock_guard lock(mutex_);
  files_.try_emplace(path);
}

bool Power::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (off_) return false;
  files_.erase(path);
  return true;
}

}  // namespace fairlead::store::test
