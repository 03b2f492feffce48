# Writes the commit into OUTPUT, only when it differs: what includes it is compiled anew for a new commit alone.
# cmake -DSOURCE=… -DOUTPUT=… -DVERSION=… -P write_build_stamp.cmake
execute_process(COMMAND git -C "${SOURCE}" rev-parse --short=12 HEAD OUTPUT_VARIABLE commit
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit unknown)
else()
  execute_process(COMMAND git -C "${SOURCE}" diff --quiet HEAD -- RESULT_VARIABLE changed ERROR_QUIET OUTPUT_QUIET)
  if(changed)
    string(APPEND commit "+changes")
  endif()
endif()
set(text "#include \"cli/build_stamp.h\"

namespace tarn::cli {

std::string_view build_version() {
  return \"${VERSION}\";
}
std::string_view build_commit() {
  return \"${commit}\";
}

}  // namespace tarn::cli
")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" former)
endif()
if(NOT text STREQUAL "${former}")
  file(WRITE "${OUTPUT}" "${text}")
endif()
