// Calls of models: columns of cells to arrays and back.
#pragma once

#include "consensus/instance.hpp"

namespace caten::consensus::reference {

/// One argument, of all cells.
struct ModelColumn {
  int64_t vocabulary = 0;        ///< of ids
  std::optional<DType> dtype{};  ///< of the value that is read; nothing for what is computed
  std::vector<Item> items{};
  std::optional<Array> whole{};  ///< instead of items: what is the same for all
};

/// What a model gives for so many cells, if it is of the shape (3.11); E1029.
Result<Array> checked_call(const ModelCall& call, const std::vector<Array>& arguments, size_t cells);
Result<std::vector<Item>> call_model(const ModelCall& call, const std::vector<ModelColumn>& columns, size_t cells);

}  // namespace caten::consensus::reference
