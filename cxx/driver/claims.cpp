#include "driver/claims.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caten {
namespace {

class Claimer : public GraphCopier {
 public:
  Claimer(const Graph& from, Graph& to, const Implementations& implementations, const std::string& runtime,
          std::vector<std::string>* notes)
      : GraphCopier(from, to), implementations_(implementations), runtime_(runtime), notes_(notes) {}

 private:
  NodeId visit(NodeId id, Node&& node) override {
    if (node.kind != NodeKind::kRegion || !node.get<RegionAttributes>().schedule.empty())
      return copy_node(std::move(node));
    auto& attributes = std::get<RegionAttributes>(node.attributes);
    for (size_t i = implementations_.size(); i-- > 0 && attributes.schedule.empty();) {
      const Implementation& implementation = *implementations_[i];
      if (implementation.composite != attributes.name) continue;
      std::string reason = misfit(implementation, from_[id]);
      if (reason.empty())
        attributes.schedule = clauses(implementation, static_cast<int64_t>(i));
      else if (notes_)
        note(fmt::format("`{}`: {} is not used: {}", attributes.name, implementation.path, reason));
    }
    return copy_node(std::move(node));
  }

  static std::vector<Datum> clauses(const Implementation& implementation, int64_t number) {
    if (!implementation.schedule.empty()) return implementation.schedule;
    return {Datum::list({Datum::symbol(std::string(kImplementationClause)), Datum::of(number)})};
  }

  std::string misfit(const Implementation& implementation, const Node& region) const {
    const std::vector<std::string>& runtimes = implementation.runtimes;
    if (std::find(runtimes.begin(), runtimes.end(), runtime_) == runtimes.end())
      return fmt::format("it is for runtime {}", fmt::join(runtimes, ", "));
    if (region.get<RegionAttributes>().attributes != implementation.attributes)
      return "it is for other keyword arguments";
    std::vector<ValueType> inputs;
    for (size_t k = 1; k < region.operands.size(); ++k) inputs.push_back(from_.type(region.operands[k]));
    return fit(implementation, inputs, region.type).reason;
  }

  void note(std::string text) {
    if (std::find(notes_->begin(), notes_->end(), text) == notes_->end()) notes_->push_back(std::move(text));
  }

  const Implementations& implementations_;
  const std::string& runtime_;
  std::vector<std::string>* notes_;
};

}  // namespace

Graph claim(const Graph& graph, const Implementations& implementations, const std::string& runtime,
            std::vector<std::string>* notes) {
  if (implementations.empty()) return graph;
  Graph out;
  Claimer(graph, out, implementations, runtime, notes).copy_program();
  return resolve_dims(std::move(out));
}

}  // namespace caten
