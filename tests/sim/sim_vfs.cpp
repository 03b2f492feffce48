#include "sim/sim_vfs.h"

#include <algorithm>
#include <fstream>
#include <new>

#include "state/testing/forwarding_vfs.h"

namespace tarn::sim {
namespace {

// What a disk writes whole or not at all.
constexpr std::uint64_t kSector = 512;
constexpr int kFilesThatMatter = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;

}  // namespace

/// What SQLite holds of an open file; the real layer's own part follows it in memory.
struct SimVfs::File {
  sqlite3_file base;
  SimVfs* owner;
  Disk* disk;  // null: a temporary file
  sqlite3_io_methods methods;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

struct SimVfs::RealFile {
  sqlite3_file* operator()(sqlite3_file* file) const { return of(file)->real(); }
};

SimVfs::File* SimVfs::of(sqlite3_file* file) {
  return reinterpret_cast<File*>(file);
}

SimVfs::SimVfs(Power& power, Dice& dice)
    : power_(power), dice_(dice), real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
  vfs_.zName = "tarn-sim";
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  vfs_.pAppData = this;
  vfs_.xOpen = &SimVfs::open;
  vfs_.xDelete = &SimVfs::remove;
  sqlite3_vfs_register(&vfs_, 1);
}

SimVfs::~SimVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
}

void SimVfs::apply(std::string& content, const Write& write) {
  if (write.truncates) {
    content.resize(write.offset);
    return;
  }
  if (content.size() < write.offset + write.bytes.size()) content.resize(write.offset + write.bytes.size());
  content.replace(write.offset, write.bytes.size(), write.bytes);
}

void SimVfs::lose_power() {
  for (auto& [path, disk] : disks_) {
    for (Write& write : disk.pending) {
      const std::uint64_t luck = dice_.below(4);
      if (luck == 0) continue;
      if (luck == 1 && !write.truncates) {  // the sectors before a random one
        const std::uint64_t sectors = write.bytes.size() / kSector + 1;
        write.bytes.resize(std::min<std::uint64_t>(write.bytes.size(), dice_.below(sectors) * kSector));
      }
      apply(disk.durable, write);
    }
    disk.pending.clear();
    std::ofstream(path, std::ios::binary | std::ios::trunc) << disk.durable;
  }
}

int SimVfs::open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  auto* owner = static_cast<SimVfs*>(vfs->pAppData);
  auto* self = new (file) File{};
  self->owner = owner;
  if (owner->power_.use(false) != Fate::kWorks) return SQLITE_CANTOPEN;
  if (const int code = owner->real_->xOpen(owner->real_, name, self->real(), flags, out_flags);
      self->real()->pMethods == nullptr)
    return code;
  if ((flags & kFilesThatMatter) != 0 && name != nullptr) {
    self->disk = &owner->disks_[name];
  }
  self->methods = state::forwarding_methods<RealFile>(self->real()->pMethods->iVersion);
  self->methods.xRead = &SimVfs::read;
  self->methods.xWrite = &SimVfs::write;
  self->methods.xTruncate = &SimVfs::truncate;
  self->methods.xSync = &SimVfs::sync;
  self->base.pMethods = &self->methods;
  return SQLITE_OK;
}

int SimVfs::remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  auto* owner = static_cast<SimVfs*>(vfs->pAppData);
  if (owner->power_.use(true) != Fate::kWorks) return SQLITE_IOERR_DELETE;
  owner->disks_.erase(name);
  return owner->real_->xDelete(owner->real_, name, sync_folder);
}

int SimVfs::read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  File* self = of(file);
  if (!self->owner->power_.is_on()) return SQLITE_IOERR_READ;
  return self->real()->pMethods->xRead(self->real(), to, size, offset);
}

int SimVfs::write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  File* self = of(file);
  const Fate fate = self->owner->power_.use(true);
  if (fate == Fate::kFull) return SQLITE_FULL;
  if (fate == Fate::kFails || fate == Fate::kOff) return SQLITE_IOERR_WRITE;
  const int code = self->real()->pMethods->xWrite(self->real(), bytes, size, offset);
  if (code == SQLITE_OK && self->disk != nullptr) {
    self->disk->pending.push_back(
        {static_cast<std::uint64_t>(offset),
         std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size)), false});
  }
  return fate == Fate::kDoneButFails ? SQLITE_IOERR_WRITE : code;
}

int SimVfs::truncate(sqlite3_file* file, sqlite3_int64 size) {
  File* self = of(file);
  const Fate fate = self->owner->power_.use(true);
  if (fate != Fate::kWorks && fate != Fate::kDoneButFails) return SQLITE_IOERR_TRUNCATE;
  if (self->disk != nullptr) self->disk->pending.push_back({static_cast<std::uint64_t>(size), {}, true});
  const int code = self->real()->pMethods->xTruncate(self->real(), size);
  return fate == Fate::kDoneButFails ? SQLITE_IOERR_TRUNCATE : code;
}

int SimVfs::sync(sqlite3_file* file, int) {
  File* self = of(file);
  const Fate fate = self->owner->power_.use(true);
  if (fate != Fate::kWorks && fate != Fate::kDoneButFails) return SQLITE_IOERR_FSYNC;
  if (self->disk != nullptr && self->owner->syncs_) {
    for (const Write& write : self->disk->pending) apply(self->disk->durable, write);
    self->disk->pending.clear();
  }
  return fate == Fate::kDoneButFails ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

}  // namespace tarn::sim
