#pragma once

#include <sqlite3.h>

#include <atomic>
#include <string>

#include "state/testing/forwarding_vfs.h"

namespace tarn::state {

/// SQLite's own file layer, which fails on demand: the default one of the process while it lives.
class FaultyVfs {
 public:
  FaultyVfs() : real_(sqlite3_vfs_find(nullptr)) {
    vfs_ = *real_;
    vfs_.zName = "tarn-faulty";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.pAppData = this;
    vfs_.xOpen = &FaultyVfs::open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FaultyVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  std::atomic<int> failing_syncs = 0;       ///< So many fsyncs of the write-ahead log fail from now on.
  std::atomic<int> writes_until_full = -1;  ///< After so many writes to the log the disk is full; -1: never.

 private:
  struct File {
    sqlite3_file base;
    FaultyVfs* owner;
    bool is_wal;
    sqlite3_io_methods methods;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  struct RealFile {
    sqlite3_file* operator()(sqlite3_file* file) const { return of(file)->real(); }
  };

  static int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
    auto* owner = static_cast<FaultyVfs*>(vfs->pAppData);
    File* self = of(file);
    self->base.pMethods = nullptr;
    self->owner = owner;
    self->is_wal = (flags & SQLITE_OPEN_WAL) != 0;
    const int code = owner->real_->xOpen(owner->real_, name, self->real(), flags, out_flags);
    if (self->real()->pMethods == nullptr) return code;
    self->methods = forwarding_methods<RealFile>(self->real()->pMethods->iVersion);
    self->methods.xWrite = &FaultyVfs::write;
    self->methods.xSync = &FaultyVfs::sync;
    self->base.pMethods = &self->methods;
    return code;
  }
  static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    File* self = of(file);
    if (self->is_wal && self->owner->writes_until_full >= 0) {
      if (self->owner->writes_until_full == 0) return SQLITE_FULL;
      --self->owner->writes_until_full;
    }
    return self->real()->pMethods->xWrite(self->real(), bytes, size, offset);
  }
  static int sync(sqlite3_file* file, int flags) {
    File* self = of(file);
    if (self->is_wal && self->owner->failing_syncs > 0) {
      --self->owner->failing_syncs;
      return SQLITE_IOERR_FSYNC;
    }
    return self->real()->pMethods->xSync(self->real(), flags);
  }
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
};

}  // namespace tarn::state
