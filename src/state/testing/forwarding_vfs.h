#pragma once

#include <sqlite3.h>

#include <algorithm>

namespace tarn::state {

/// The methods of a file that passes everything on to another one, without memory mapping; a test's VFS puts
/// its own in place of some. `Of` gives the other file of one: a function object without state.
template <typename Of>
sqlite3_io_methods forwarding_methods(int version) {
  sqlite3_io_methods methods{};
  methods.iVersion = std::min(version, 2);
  methods.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
    return Of()(f)->pMethods->xRead(Of()(f), to, size, at);
  };
  methods.xWrite = [](sqlite3_file* f, const void* bytes, int size, sqlite3_int64 at) {
    return Of()(f)->pMethods->xWrite(Of()(f), bytes, size, at);
  };
  methods.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
    return Of()(f)->pMethods->xTruncate(Of()(f), size);
  };
  methods.xSync = [](sqlite3_file* f, int flags) { return Of()(f)->pMethods->xSync(Of()(f), flags); };
  methods.xClose = [](sqlite3_file* f) { return Of()(f)->pMethods->xClose(Of()(f)); };
  methods.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
    return Of()(f)->pMethods->xFileSize(Of()(f), size);
  };
  methods.xLock = [](sqlite3_file* f, int lock) { return Of()(f)->pMethods->xLock(Of()(f), lock); };
  methods.xUnlock = [](sqlite3_file* f, int lock) { return Of()(f)->pMethods->xUnlock(Of()(f), lock); };
  methods.xCheckReservedLock = [](sqlite3_file* f, int* out) {
    return Of()(f)->pMethods->xCheckReservedLock(Of()(f), out);
  };
  methods.xFileControl = [](sqlite3_file* f, int op, void* arg) {
    return Of()(f)->pMethods->xFileControl(Of()(f), op, arg);
  };
  methods.xSectorSize = [](sqlite3_file* f) { return Of()(f)->pMethods->xSectorSize(Of()(f)); };
  methods.xDeviceCharacteristics = [](sqlite3_file* f) {
    return Of()(f)->pMethods->xDeviceCharacteristics(Of()(f));
  };
  methods.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
    return Of()(f)->pMethods->xShmMap(Of()(f), page, size, extend, out);
  };
  methods.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
    return Of()(f)->pMethods->xShmLock(Of()(f), offset, n, flags);
  };
  methods.xShmBarrier = [](sqlite3_file* f) { Of()(f)->pMethods->xShmBarrier(Of()(f)); };
  methods.xShmUnmap = [](sqlite3_file* f, int remove) {
    return Of()(f)->pMethods->xShmUnmap(Of()(f), remove);
  };
  return methods;
}

}  // namespace tarn::state
