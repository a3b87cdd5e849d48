// SPDX-License-Identifier: Apache-2.0
// Makes files below one folder and never anywhere else, whatever the names
// say. Names are relative; "..", an absolute name, a link in place of a parent
// folder are refused; nothing here follows a symbolic link. A later entry
// replaces an earlier one of the same name, except that a folder is never
// replaced by something else.
//
// Used for unpacking layers by one thread; the folder is not shared meanwhile.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/io/fd.h"
#include "base/result.h"

namespace fairlead::runtime {

// "a/./b//c/" -> a, b, c; "." -> nothing. Refuses what could leave the folder.
Result<std::vector<std::string>> split_name(std::string_view name, std::size_t max_depth);

struct Ownership {
  uid_t uid = 0;
  gid_t gid = 0;
  mode_t mode = 0755;  // permission and set-id bits
  timespec modified{};
};

class Tree {
 public:
  Tree(int folder_fd, std::size_t max_depth) : folder_(folder_fd), max_depth_(max_depth) {}

  Result<> make_folder(std::string_view name, const Ownership& ownership);
  // Empty and open for writing; call finish_file when its bytes are in.
  Result<Fd> make_file(std::string_view name);
  static Result<> finish_file(const Fd& file, const Ownership& ownership);
  Result<> make_symlink(std::string_view name, const std::string& target, const Ownership& ownership);
  Result<> make_hard_link(std::string_view name, std::string_view existing);
  Result<> make_whiteout(std::string_view name);  // char device 0/0
  Result<> make_opaque(std::string_view folder);  // trusted.overlay.opaque=y
  // Modification times of folders, which making their contents changed.
  Result<> finish();

 private:
  struct Place {
    Fd parent;
    std::string leaf;  // empty: the folder itself
  };
  Result<Place> place(std::string_view name);
  Result<Fd> open_folder(const std::vector<std::string>& parts);
  static Result<> clear(const Place& place, std::string_view name);

  int folder_;
  std::size_t max_depth_;
  std::vector<std::pair<std::string, timespec>> folder_times_;
};

}  // namespace fairlead::runtime
