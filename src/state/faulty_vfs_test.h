#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <string>

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

  static int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
    auto* owner = static_cast<FaultyVfs*>(vfs->pAppData);
    File* self = of(file);
    self->base.pMethods = nullptr;
    self->owner = owner;
    self->is_wal = (flags & SQLITE_OPEN_WAL) != 0;
    const int code = owner->real_->xOpen(owner->real_, name, self->real(), flags, out_flags);
    if (self->real()->pMethods == nullptr) return code;
    self->methods = forwarding(self->real()->pMethods->iVersion);
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
  static sqlite3_io_methods forwarding(int version) {
    sqlite3_io_methods methods;
    std::memset(&methods, 0, sizeof(methods));
    methods.iVersion = version < 2 ? version : 2;
    methods.xClose = [](sqlite3_file* f) { return of(f)->real()->pMethods->xClose(of(f)->real()); };
    methods.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
      return of(f)->real()->pMethods->xRead(of(f)->real(), to, size, at);
    };
    methods.xWrite = &FaultyVfs::write;
    methods.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      return of(f)->real()->pMethods->xTruncate(of(f)->real(), size);
    };
    methods.xSync = &FaultyVfs::sync;
    methods.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return of(f)->real()->pMethods->xFileSize(of(f)->real(), size);
    };
    methods.xLock = [](sqlite3_file* f, int lock) {
      return of(f)->real()->pMethods->xLock(of(f)->real(), lock);
    };
    methods.xUnlock = [](sqlite3_file* f, int lock) {
      return of(f)->real()->pMethods->xUnlock(of(f)->real(), lock);
    };
    methods.xCheckReservedLock = [](sqlite3_file* f, int* out) {
      return of(f)->real()->pMethods->xCheckReservedLock(of(f)->real(), out);
    };
    methods.xFileControl = [](sqlite3_file* f, int op, void* arg) {
      return of(f)->real()->pMethods->xFileControl(of(f)->real(), op, arg);
    };
    methods.xSectorSize = [](sqlite3_file* f) { return of(f)->real()->pMethods->xSectorSize(of(f)->real()); };
    methods.xDeviceCharacteristics = [](sqlite3_file* f) {
      return of(f)->real()->pMethods->xDeviceCharacteristics(of(f)->real());
    };
    methods.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return of(f)->real()->pMethods->xShmMap(of(f)->real(), page, size, extend, out);
    };
    methods.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
      return of(f)->real()->pMethods->xShmLock(of(f)->real(), offset, n, flags);
    };
    methods.xShmBarrier = [](sqlite3_file* f) { of(f)->real()->pMethods->xShmBarrier(of(f)->real()); };
    methods.xShmUnmap = [](sqlite3_file* f, int remove) {
      return of(f)->real()->pMethods->xShmUnmap(of(f)->real(), remove);
    };
    return methods;
  }

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
};

}  // namespace tarn::state
