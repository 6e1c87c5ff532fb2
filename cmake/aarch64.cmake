# 64-bit Arm under Linux (Jetson, Grace, Graviton, Ampere) from another machine. scripts/aarch64 makes the sysroot of Debian's own arm64
# packages; what is built runs under qemu wherever CMake or ctest start it.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

set(IMPACT_SYSROOT "${CMAKE_CURRENT_LIST_DIR}/../build/aarch64/sysroot" CACHE PATH "Unpacked arm64 packages")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES IMPACT_SYSROOT)
cmake_path(ABSOLUTE_PATH IMPACT_SYSROOT NORMALIZE OUTPUT_VARIABLE CMAKE_SYSROOT)

# Libraries and packages from the sysroot alone: the build machine's own are of another architecture. Programs from here.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${CMAKE_SYSROOT}")
set(ENV{PKG_CONFIG_LIBDIR} "${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig")

find_program(IMPACT_QEMU NAMES qemu-aarch64-static qemu-aarch64 NO_CMAKE_FIND_ROOT_PATH)
if(IMPACT_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${IMPACT_QEMU};-L;${CMAKE_SYSROOT}")
endif()
