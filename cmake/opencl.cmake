# The opencl runtime: its driver needs the headers of OpenCL here, and an OpenCL library only where it runs.
find_path(CATEN_OPENCL_INCLUDE CL/cl.h)
if(NOT CATEN_OPENCL_INCLUDE)
  message(WARNING "The headers of OpenCL are not here: the opencl runtime is not built. scripts/setup installs them (opencl-c-headers).")
  return()
endif()
caten_driver(opencl LIBRARIES ${CMAKE_DL_LIBS})
target_include_directories(driver_opencl SYSTEM PRIVATE ${CATEN_OPENCL_INCLUDE})
