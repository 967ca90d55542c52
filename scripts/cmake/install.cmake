# What does `cmake --install` put where? Headers, libraries, the binary, the shipped data, and the package that
# find_package(fusescape) reads.
include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/fusescape")

get_property(libraries GLOBAL PROPERTY FUSESCAPE_INSTALLED)
install(TARGETS ${libraries} EXPORT fusescape)
install(EXPORT fusescape NAMESPACE fusescape:: DESTINATION "${package_dir}" FILE fusescapeTargets.cmake)
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/scripts/cmake/fusescapeConfig.cmake.in" "${PROJECT_BINARY_DIR}/fusescapeConfig.cmake"
  INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/fusescapeConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/fusescapeConfig.cmake" "${PROJECT_BINARY_DIR}/fusescapeConfigVersion.cmake"
  DESTINATION "${package_dir}")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/fusescape" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.hpp")
install(FILES "${PROJECT_BINARY_DIR}/generated/fusescape/support/version.hpp"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/fusescape/support")

if(TARGET fusescape)
  install(TARGETS fusescape RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(FILES "${PROJECT_SOURCE_DIR}/docs/fusescape.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" OPTIONAL)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/configs" "${PROJECT_SOURCE_DIR}/workloads"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/fusescape" OPTIONAL)
