#include "ir/array.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <memory>

namespace caten {

TEST_CASE("zeros: sizes, bytes, alignment") {
  Array matrix = Array::zeros(DType::kF16, {3, 5});
  CHECK(matrix.elements() == 15);
  CHECK(matrix.bytes() == 30);
  CHECK(matrix.rank() == 2);
  CHECK(reinterpret_cast<uintptr_t>(matrix.data()) % 64 == 0);
  for (size_t i = 0; i < matrix.bytes(); ++i) CHECK(matrix.data()[i] == std::byte{0});

  Array scalar = Array::zeros(DType::kC128, {});
  CHECK(scalar.elements() == 1);
  CHECK(scalar.bytes() == 16);

  Array empty = Array::zeros(DType::kF32, {4, 0, 7});
  CHECK(empty.elements() == 0);
  CHECK(empty.bytes() == 0);
  CHECK(empty.data() != nullptr);
}

TEST_CASE("copies of an Array share its elements") {
  Array a = Array::zeros(DType::kI32, {2});
  a.as_mutable<int32_t>()[1] = 7;
  Array b = a;
  CHECK(b.data() == a.data());
  CHECK(b.as<int32_t>()[1] == 7);
  a = Array();
  CHECK(b.as<int32_t>()[1] == 7);  // kept alive
}

TEST_CASE("over keeps the foreign owner alive") {
  auto storage = std::make_shared<std::vector<float>>(6, 2.5F);
  std::weak_ptr<std::vector<float>> watch = storage;
  Array a = Array::over(DType::kF32, {2, 3}, storage, reinterpret_cast<const std::byte*>(storage->data()));
  storage.reset();
  CHECK_FALSE(watch.expired());
  CHECK(a.as<float>()[5] == 2.5F);
  a = Array();
  CHECK(watch.expired());
}

TEST_CASE("same_type and same_bytes") {
  Array a = Array::zeros(DType::kF32, {2, 2});
  Array b = Array::zeros(DType::kF32, {2, 2});
  CHECK(a.same_bytes(b));
  b.as_mutable<float>()[0] = -0.0F;
  CHECK_FALSE(a.same_bytes(b));  // equal values, other bytes
  CHECK(a.same_type(b));
  CHECK_FALSE(a.same_type(Array::zeros(DType::kI32, {2, 2})));
  CHECK_FALSE(a.same_bytes(Array::zeros(DType::kF32, {4})));
  CHECK(Array::zeros(DType::kF32, {0}).same_bytes(Array::zeros(DType::kF32, {0})));
}

TEST_CASE("what is kept with elements is there for all who share them, until they change") {
  int made = 0;
  auto make = [&] { return std::make_shared<int>(++made); };
  Array a = Array::zeros(DType::kF32, {6});
  Array b = a.reinterpreted(DType::kI32, {2, 3});
  std::weak_ptr<void> kept = a.kept("sum", make);
  CHECK(b.kept("sum", make) == kept.lock());
  CHECK(a.kept("product", make) != kept.lock());
  CHECK(made == 2);
  a.as_mutable<float>()[0] = 1;
  CHECK(kept.expired());
  kept = b.kept("sum", make);
  CHECK(made == 3);
  a = b = Array();
  CHECK(kept.expired());
  CHECK(a.kept("sum", make) == nullptr);
}

TEST_CASE("checked_bytes refuses what 63 bits cannot count") {
  CHECK(checked_bytes(DType::kF64, {3, 4}).value() == 96);
  CHECK(checked_bytes(DType::kF64, {}).value() == 8);
  CHECK(checked_bytes(DType::kF64, {0, INT64_MAX, INT64_MAX}).value() == 0);
  CHECK(checked_bytes(DType::kU8, {INT64_MAX}).value() == static_cast<size_t>(INT64_MAX));
  CHECK(checked_bytes(DType::kF16, {INT64_MAX}).error().code == Code::SizeOverflow);
  CHECK(checked_bytes(DType::kF32, {int64_t{1} << 31, int64_t{1} << 31}).error().code == Code::SizeOverflow);
  CHECK(checked_bytes(DType::kF32, {2, -1}).error().code == Code::NegativeSize);
  CHECK(checked_bytes(DType::kF32, {0, -1}).error().code == Code::NegativeSize);
}

TEST_CASE("descriptions") {
  CHECK(describe(Array::zeros(DType::kBF16, {2, 3})) == "bf16[2 3]");
  CHECK(describe_type(DType::kF32, {}) == "f32[]");
}

}  // namespace caten
