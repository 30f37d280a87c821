// C++ objects that Lisp owns: a foreign object whose finaliser deletes them.
#pragma once

#include <memory>
#include <optional>

#include "driver/stepper.hpp"
#include "ir/array.hpp"
#include "ir/dim_env.hpp"
#include "lisp/ecl.hpp"
#include "training/batches.hpp"
#include "worlds/live.hpp"

namespace caten::lisp {

/// What a foreign object of ours points to.
struct Owned {
  enum class Kind : uint8_t { kArray, kDimEnv, kWorld, kStepper };
  explicit Owned(Kind owned_kind) : kind(owned_kind) {}
  virtual ~Owned() = default;
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  const Kind kind;
};

struct OwnedArray final : Owned {
  explicit OwnedArray(Array value) : Owned(Kind::kArray), array(std::move(value)) {}
  Array array;
};

struct OwnedDimEnv final : Owned {
  OwnedDimEnv() : Owned(Kind::kDimEnv) {}
  DimEnv dims;
};

struct OwnedWorld final : Owned {
  explicit OwnedWorld(std::unique_ptr<LiveWorld> value) : Owned(Kind::kWorld), world(std::move(value)) {}
  std::unique_ptr<LiveWorld> world;
};

struct OwnedStepper final : Owned {
  explicit OwnedStepper(Stepper value) : Owned(Kind::kStepper), stepper(std::move(value)) {}
  Stepper stepper;
  std::optional<training::Batches> batches{};
};

/// The object becomes Lisp's. `bytes` is the memory outside Lisp's heap that it keeps: enough of it starts a
/// collection.
cl_object give_to_lisp(std::unique_ptr<Owned> object, size_t bytes);

/// nullptr if the Lisp object is not such an object of ours.
const Array* to_array(cl_object object);
DimEnv* to_dim_env(cl_object object);
LiveWorld* to_world(cl_object object);
OwnedStepper* to_stepper(cl_object object);

/// (array dtype . shape).
cl_object described(Array array);

}  // namespace caten::lisp
