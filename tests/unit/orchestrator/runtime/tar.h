// SPDX-License-Identifier: Apache-2.0
// A layer made in memory, entry by entry, honest or not. Owned by whoever runs
// the test, so that no root is needed.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace fairlead::runtime {

class Tar {
 public:
  explicit Tar(bool gzip = false) : archive_(archive_write_new()), bytes_(4U << 20, '\0') {
    archive_write_set_format_pax(archive_);
    if (gzip) archive_write_add_filter_gzip(archive_);
    archive_write_open_memory(archive_, bytes_.data(), bytes_.size(), &used_);
  }
  ~Tar() { archive_write_free(archive_); }
  Tar(const Tar&) = delete;
  Tar& operator=(const Tar&) = delete;

  Tar& file(const std::string& name, const std::string& content, unsigned mode = 0644) {
    return add(name, AE_IFREG, mode, content, {}, {});
  }
  Tar& folder(const std::string& name, unsigned mode = 0755) { return add(name, AE_IFDIR, mode, {}, {}, {}); }
  Tar& symlink(const std::string& name, const std::string& to) {
    return add(name, AE_IFLNK, 0777, {}, to, {});
  }
  Tar& hard_link(const std::string& name, const std::string& to) {
    return add(name, AE_IFREG, 0644, {}, {}, to);
  }
  Tar& special(const std::string& name, unsigned type) { return add(name, type, 0644, {}, {}, {}); }
  // Its first octet is there, the rest is a hole.
  Tar& sparse(const std::string& name, std::int64_t size) {
    return add(name, AE_IFREG, 0644, {}, {}, {}, size);
  }
  std::string finish() {
    archive_write_close(archive_);
    return bytes_.substr(0, used_);
  }

 private:
  Tar& add(const std::string& name, unsigned type, unsigned mode, const std::string& content,
           const std::string& symlink, const std::string& hard_link, std::int64_t holes = 0) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, static_cast<mode_t>(mode));
    archive_entry_set_uid(entry, ::getuid());
    archive_entry_set_gid(entry, ::getgid());
    archive_entry_set_mtime(entry, 1'000'000, 0);
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    if (holes != 0) {
      archive_entry_set_size(entry, holes);
      archive_entry_sparse_add_entry(entry, 0, 1);
    }
    if (!symlink.empty()) archive_entry_set_symlink(entry, symlink.c_str());
    if (!hard_link.empty()) archive_entry_set_hardlink(entry, hard_link.c_str());
    EXPECT_EQ(archive_write_header(archive_, entry), ARCHIVE_OK) << archive_error_string(archive_);
    archive_write_data(archive_, holes != 0 ? "x" : content.data(), holes != 0 ? 1 : content.size());
    archive_entry_free(entry);
    return *this;
  }

  archive* archive_;
  std::string bytes_;
  std::size_t used_ = 0;
};

}  // namespace fairlead::runtime
