# Third-party libraries: Debian packages by find_package/pkg-config, the pinned ones from tools/deps by full path.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(fmt REQUIRED)
find_package(pugixml REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(PkgConfig REQUIRED)
foreach(module IN ITEMS libdeflate libzstd libxxhash libedit libpq)
  pkg_check_modules(${module} REQUIRED IMPORTED_TARGET GLOBAL ${module})
endforeach()
find_library(ROCKSDB rocksdb REQUIRED)
add_library(tarn_rocksdb INTERFACE)
target_link_libraries(tarn_rocksdb INTERFACE "${ROCKSDB}")

function(_tarn_pinned target library include)
  if(NOT EXISTS "${TARN_DEPS}/${library}")
    message(FATAL_ERROR "${TARN_DEPS}/${library} is missing: run ./dev setup")
  endif()
  add_library(${target} SHARED IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION "${TARN_DEPS}/${library}"
    INTERFACE_INCLUDE_DIRECTORIES "${TARN_DEPS}/${include}")
endfunction()
_tarn_pinned(duckdb duckdb/lib/libduckdb.so duckdb/include)
_tarn_pinned(arrow arrow/lib/libarrow.so.2600 arrow/include)
_tarn_pinned(arrow_compute arrow/lib/libarrow_compute.so.2600 arrow/include)
_tarn_pinned(parquet arrow/lib/libparquet.so.2600 arrow/include)
target_link_libraries(parquet INTERFACE arrow)
target_link_libraries(arrow_compute INTERFACE arrow)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib/tarn")

# libarrow_compute exports an RE2 of its own of another version. Debian's is linked statically and kept out of the dynamic
# symbol table, so that each side calls the one it was compiled against.
find_library(RE2_STATIC libre2.a REQUIRED)
add_library(tarn_re2 INTERFACE)
# Whole, because the linker would take members that Arrow exports too from Arrow.
target_link_libraries(tarn_re2 INTERFACE "$<LINK_LIBRARY:WHOLE_ARCHIVE,${RE2_STATIC}>" Threads::Threads)
target_link_options(tarn_re2 INTERFACE "LINKER:--exclude-libs,libre2.a")
# Neither its headers nor its pkg-config file tell its version; the package does.
execute_process(COMMAND dpkg-query --show --showformat=\${Version} libre2-dev
  OUTPUT_VARIABLE TARN_RE2_VERSION ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(TARN_RE2_VERSION "unknown")
endif()
string(REGEX REPLACE "[+-].*" "" TARN_RE2_VERSION "${TARN_RE2_VERSION}")
