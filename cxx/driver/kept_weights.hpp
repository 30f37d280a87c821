// What a library made of an argument that is handed over again and again, as packed weights: kept with the argument's
// elements, so that it is gone when they are, or change.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "ir/array.hpp"
#include "runtime/device.hpp"

namespace caten {

/// Calls the routine. From the second call with the same elements on, the library keeps what it made of them.
Status call_with_weights(Stream& stream, const std::shared_ptr<Device>& device, const std::string& routine,
                         const std::string& attributes, std::span<void* const> buffers, std::span<const int64_t> sizes,
                         size_t slot, const Array& weights);

}  // namespace caten
