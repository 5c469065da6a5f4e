# What `cmake --install` puts where: the library, its headers, and the two ways to find them. Each command says so for itself.

include(CMakePackageConfigHelpers)

install(TARGETS cleave EXPORT cleave-targets)
if(TARGET cleave_static)
  install(TARGETS cleave_static EXPORT cleave-targets)  # cleave::static
endif()
set(not_built)
set(parts backing image image_s3 image_rados)  # each after what it stands on
foreach(part IN LISTS parts)  # cleave::backing, ...; cleave::backing_static, ...
  foreach(library IN ITEMS cleave_${part} cleave_${part}_static)
    if(TARGET ${library})
      install(TARGETS ${library} EXPORT cleave-${part}-targets)
    endif()
  endforeach()
endforeach()
if(NOT TARGET cleave_backing)
  list(APPEND not_built PATTERN "cleave/backing" EXCLUDE)
endif()
if(NOT TARGET cleave_image)
  list(APPEND not_built PATTERN "cleave/image" EXCLUDE)
endif()
foreach(store IN ITEMS s3 rados)
  if(NOT TARGET cleave_image_${store})
    list(APPEND not_built PATTERN "cleave/image/${store}.h" EXCLUDE)
  endif()
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/cleave
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" ${not_built})

# find_package(cleave)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cleave)
install(EXPORT cleave-targets NAMESPACE cleave:: DESTINATION ${package_dir})
# A file for each part: who packages them may leave some out.
foreach(part IN LISTS parts)
  if(TARGET cleave_${part})
    install(EXPORT cleave-${part}-targets NAMESPACE cleave:: DESTINATION ${package_dir})
  endif()
endforeach()
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
# A shared library brings what it needs. Beside a static one that has to be named, and where there is no shared
# one, to those as well who do not ask for `pkg-config --static`.
list(JOIN cleave_needs " -l" CLEAVE_PC_NEEDS)
set(CLEAVE_PC_NEEDS "-l${CLEAVE_PC_NEEDS} -pthread")
set(CLEAVE_PC_LIBS "-lcleave")
if(NOT BUILD_SHARED_LIBS)
  string(APPEND CLEAVE_PC_LIBS " ${CLEAVE_PC_NEEDS}")
endif()
configure_file(
  ${PROJECT_SOURCE_DIR}/cmake/cleave.pc.in ${PROJECT_BINARY_DIR}/cleave.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cleave.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
foreach(part IN LISTS parts)
  if(TARGET cleave_${part})
    string(REPLACE _ - name "cleave-${part}")
    list(JOIN cleave_${part}_needs " -l" CLEAVE_PC_NEEDS)
    set(CLEAVE_PC_NEEDS "-l${CLEAVE_PC_NEEDS}")
    set(CLEAVE_PC_LIBS "-l${name}")
    if(NOT BUILD_SHARED_LIBS)
      string(APPEND CLEAVE_PC_LIBS " ${CLEAVE_PC_NEEDS}")
    endif()
    configure_file(
      ${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  endif()
endforeach()

# For who debugs a program with an arena.
install(FILES ${PROJECT_SOURCE_DIR}/tools/gdb/cleave.py DESTINATION ${CMAKE_INSTALL_DATADIR}/cleave/gdb)
