# Compiler and linker settings that every target shares.
add_library(tarn_build_options INTERFACE)
target_compile_options(tarn_build_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wconversion -Wno-sign-conversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these falsely for std::variant and std::optional at -O2.
  target_compile_options(tarn_build_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict
    -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-dangling-pointer)
endif()
if(TARN_SANITIZE)
  target_compile_options(tarn_build_options INTERFACE -fsanitize=${TARN_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(tarn_build_options INTERFACE -fsanitize=${TARN_SANITIZE})
  if(TARN_SANITIZE STREQUAL "thread")
    # ThreadSanitizer knows no fences; Asio's locks order what its fences would.
    target_compile_definitions(tarn_build_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
if(TARN_FUZZ)
  target_compile_options(tarn_build_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
find_program(MOLD mold)
if(MOLD AND NOT TARN_SANITIZE)
  target_link_options(tarn_build_options INTERFACE -fuse-ld=mold)
endif()
