// Stands in for the header of this name, which comes with NVIDIA's compiler and not with the packages of its run time.
//
// The run time's headers mark their declarations with these words for that compiler. To a host compiler they say
// nothing, but for the two that align a type.
#pragma once

#define __host__
#define __device__
#define __global__
#define __constant__
#define __managed__
#define __shared__
#define __cudart_builtin__
#define __device_builtin__
#define __device_builtin_texture_type__
#define __device_builtin_surface_type__
#define __align__(n) __attribute__((aligned(n)))
#define __builtin_align__(n) __align__(n)
#define CUDARTAPI
#define CUDARTAPI_CDECL
