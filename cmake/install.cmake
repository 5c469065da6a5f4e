# What `cmake --install` puts where: the library, its headers, and the two ways to find them. Each command says so for itself.

include(CMakePackageConfigHelpers)

install(TARGETS cleave EXPORT cleave-targets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/cleave
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")

# find_package(cleave)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cleave)
install(EXPORT cleave-targets NAMESPACE cleave:: DESTINATION ${package_dir})
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/cleave-config.cmake.in
  ${PROJECT_BINARY_DIR}/cleave-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/cleave-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/cleave-config.cmake
  ${PROJECT_BINARY_DIR}/cleave-config-version.cmake
  DESTINATION ${package_dir})

# pkg-config. The prefix is told from where the file lies, so that the tree can be moved.
# tl::expected has no .pc file of its own and sits in the compiler's default path.
cmake_path(SET pc_dir NORMALIZE ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${pc_dir} OUTPUT_VARIABLE CLEAVE_PC_PREFIX)
set(CLEAVE_PC_CFLAGS -pthread)
if(CLEAVE_NODE_BITS)
  string(APPEND CLEAVE_PC_CFLAGS " -DCLEAVE_NODE_BITS=${CLEAVE_NODE_BITS}")
endif()
# A C program is linked by the C compiler, which does not know of the C++ library that ours was built with.
set(CLEAVE_PC_CXX)
foreach(library IN LISTS CMAKE_CXX_IMPLICIT_LINK_LIBRARIES)
  if(library MATCHES "^(stdc|c)[+][+]")
    string(APPEND CLEAVE_PC_CXX " -l${library}")
  endif()
endforeach()
configure_file(
  ${PROJECT_SOURCE_DIR}/cmake/cleave.pc.in ${PROJECT_BINARY_DIR}/cleave.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cleave.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
