#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/power.h"

namespace tarn::sim {

/// SQLite's file layer on a disk that forgets: while it lives, it is the process's default. It writes through
/// to real files, and knows of each which writes no sync vouched for; after a power cut any of them, whole or
/// in part, may be missing, in any combination. One thread.
class SimVfs {
 public:
  SimVfs(Power& power, Dice& dice);
  ~SimVfs();
  SimVfs(const SimVfs&) = delete;
  SimVfs& operator=(const SimVfs&) = delete;

  /// A planted fault: a sync says yes and vouches for nothing.
  void forget_to_sync() { syncs_ = false; }
  /// All files are closed: leaves of each what the disk would have.
  void lose_power();

 private:
  struct Write {
    std::uint64_t offset = 0;
    std::string bytes;
    bool truncates = false;
  };
  struct Disk {
    std::string durable;
    std::vector<Write> pending;
  };
  struct File;
  struct RealFile;

  static File* of(sqlite3_file* file);
  static void apply(std::string& content, const Write& write);
  static int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags);
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder);
  static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset);
  static int truncate(sqlite3_file* file, sqlite3_int64 size);
  static int sync(sqlite3_file* file, int flags);
  static int read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset);

  Power& power_;
  Dice& dice_;
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  bool syncs_ = true;
  std::map<std::string, Disk> disks_;  // by path: databases, logs and journals
};

}  // namespace tarn::sim
