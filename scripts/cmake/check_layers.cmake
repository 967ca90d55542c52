# cmake -P check_layers.cmake: fails where a module includes one that is not below it, or a library outside its file.
# The whole dependency rule of the project is this table. It also fails where two headers define a type of one name: the
# project is one namespace, so both could never be included together.
cmake_minimum_required(VERSION 3.25)

set(support)
set(workload support)
set(arch     support)
set(numerics support)
set(corey    support numerics)
set(plan     support workload arch)
set(cost     support workload arch plan)
set(exec     support workload arch plan)
set(sim      support workload arch plan)
set(search   support workload arch numerics plan cost sim)
set(check    support workload arch numerics plan cost exec)
set(config   support workload arch numerics corey plan cost search sim)
set(import   support workload config)
set(report   support workload arch plan cost search exec sim check)
set(app      support workload arch numerics corey plan cost search exec sim check config import report)

set(root "${CMAKE_CURRENT_LIST_DIR}/../..")

# The table that people read is this one.
file(STRINGS "${root}/docs/contributing.md" told)
foreach(module support workload arch numerics corey plan cost exec sim search check config import report app)
  list(JOIN ${module} " " below)
  set(row "")
  foreach(line IN LISTS told)
    if(line MATCHES "^    ${module}( .*)?$")
      string(REGEX REPLACE " +" " " row "${line}")
    endif()
  endforeach()
  string(STRIP "${row}" row)
  string(STRIP "${module} ${below}" rule)
  if(NOT row STREQUAL rule)
    message(SEND_ERROR "docs/contributing.md: the layers say '${row}', the rule is '${rule}'")
  endif()
endforeach()
file(GLOB_RECURSE files "${root}/include/fusescape/*.hpp" "${root}/src/*.hpp" "${root}/src/*.cpp")
foreach(file IN LISTS files)
  string(REGEX REPLACE ".*/(src|include/fusescape)/([a-z_]+)/.*" "\\2" module "${file}")
  file(STRINGS "${file}" includes REGEX "^#include \"fusescape/")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE ".*\"fusescape/([a-z_]+)/.*" "\\1" used "${include}")
    if(NOT used STREQUAL module AND NOT used IN_LIST ${module})
      message(SEND_ERROR "${file}: ${module} must not include ${used}")
    endif()
  endforeach()

  # Types, each once.
  if(file MATCHES "\\.hpp$")
    file(STRINGS "${file}" types REGEX "^(struct|class|union|enum class) [A-Za-z0-9_]+.*[^;]$")
    foreach(type IN LISTS types)
      string(REGEX REPLACE "^(struct|class|union|enum class) ([A-Za-z0-9_]+).*" "\\2" name "${type}")
      if(DEFINED defined_${name} AND NOT defined_${name} STREQUAL file)
        message(SEND_ERROR "${file}: ${name} is defined in ${defined_${name}} as well")
      endif()
      set(defined_${name} "${file}")
    endforeach()
  endif()

  # Libraries that only one place may know.
  file(STRINGS "${file}" libraries REGEX "^#include <(yaml-cpp|CLI|omp\\.h|boost/graph)")
  foreach(library IN LISTS libraries)
    if((library MATCHES "<yaml-cpp" AND NOT module STREQUAL "config") OR
       (library MATCHES "<CLI" AND NOT file MATCHES "src/app/((corey_|import_|sweep_)?arguments|options)\\.[ch]pp$") OR
       (library MATCHES "<omp" AND NOT module MATCHES "^(search|numerics)$") OR
       (library MATCHES "<boost/graph" AND NOT module STREQUAL "workload"))
      message(SEND_ERROR "${file}: ${module} must not have ${library}")
    endif()
  endforeach()
endforeach()
