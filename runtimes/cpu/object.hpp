// Kernels in memory: loads the relocatable ELF objects that the compiler of the cpu runtime makes, without a linker.
//
// In: the bytes of an x86-64 object that refers to nothing but itself and the C functions listed in object.cpp. Out:
// its visible functions, by name. Every offset of the object is checked: one that is damaged is refused, whatever it
// holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace caten::cpu {

class LoadedObject {
 public:
  /// Null, and the reason in `error`, if it cannot be loaded.
  static std::unique_ptr<LoadedObject> load(const void* bytes, size_t size, std::string& error);
  ~LoadedObject();
  LoadedObject(const LoadedObject&) = delete;
  LoadedObject& operator=(const LoadedObject&) = delete;

  struct Function {
    std::string name;
    void* address;
  };
  const std::vector<Function>& functions() const { return functions_; }

 private:
  LoadedObject() = default;
  friend class ObjectLoader;

  void* memory_ = nullptr;  // one mapping: code, then constants, then data
  size_t bytes_ = 0;
  std::vector<Function> functions_;
};

}  // namespace caten::cpu
