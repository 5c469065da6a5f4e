# Builds for arm64 on another machine: Debian's cross compiler, and a Debian of arm64 to link with (CLEAVE_ARM64_ROOT,
# which scripts/arm64.sh unpacks). What is built runs under qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CLEAVE_ARM64_ROOT)
set(CMAKE_SYSROOT ${CLEAVE_ARM64_ROOT})
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -L ${CLEAVE_ARM64_ROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CLEAVE_ARM64_ROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${CLEAVE_ARM64_ROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CLEAVE_ARM64_ROOT}/usr/share/pkgconfig)
