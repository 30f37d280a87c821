#include "schedule/recompute.hpp"

#include <algorithm>
#include <map>

namespace caten {
namespace {

constexpr int kMove = 6;  ///< operations in the time that memory takes to read or write one value
constexpr size_t kMostNodes = 600;

class Choice {
 public:
  Choice(const Fusion& fusion, const Grouping& grouping, const std::set<uint32_t>& kept)
      : fusion_(fusion), groups_(grouping.groups), kept_(kept), elsewhere_(kept) {
    for (size_t g = 0; g < groups_.size(); ++g)
      for (const Part& part : groups_[g].parts) home_[part.space.root.value] = {g, &part};
    for (size_t g = 0; g < groups_.size(); ++g)
      for (const Part& part : groups_[g].parts)
        for (const Read& read : part.reads.reads) note_read(g, part, read);
  }

  std::set<uint32_t> run() {
    std::set<uint32_t> out;
    for (size_t group = 0; group < groups_.size(); ++group) {
      std::set<uint32_t> values = candidates(group);
      if (!values.empty() && pays(group, values)) out.insert(values.begin(), values.end());
    }
    return out;
  }

 private:
  struct Home {
    size_t group = 0;
    const Part* part = nullptr;
  };

  void note_read(size_t group, const Part& reader, const Read& read) {
    auto home = home_.find(read.node.value);
    if (home == home_.end()) return;
    bool same_place = leading_variables(read) == read.index.size() &&
                      read.index.size() == home->second.part->space.outer.size() && all_axes(reader, read);
    if (!same_place) elsewhere_.insert(read.node.value);
    if (home->second.group != group) readers_[read.node.value].insert(group);
  }

  /// Read once for each element of the reader's loops.
  static bool all_axes(const Part& reader, const Read& read) {
    return read.index.size() == reader.space.outer.size() + reader.space.reduced.size();
  }

  /// Values of every element that other kernels read at their own place.
  std::set<uint32_t> candidates(size_t group) const {
    std::set<uint32_t> out;
    for (const Part& part : groups_[group].parts) {
      uint32_t root = part.space.root.value;
      bool computed = !part.folds && !part.scatters && !part.copies && part.space.value == part.space.root;
      if (computed && readers_.contains(root) && !elsewhere_.contains(root)) out.insert(root);
    }
    return out;
  }

  /// What a kernel reads that has as many elements as its loops.
  std::set<uint32_t> loads_of(size_t group) const {
    std::set<uint32_t> out;
    for (const Part& part : groups_[group].parts)
      for (const Read& read : part.reads.reads)
        if (all_axes(part, read)) out.insert(read.node.value);
    return out;
  }

  bool pays(size_t group, const std::set<uint32_t>& values) const {
    std::map<size_t, std::set<uint32_t>> read_by;
    for (uint32_t value : values)
      for (size_t reader : readers_.at(value)) read_by[reader].insert(value);
    auto saved = static_cast<double>(values.size());  // they are not written
    double work = later_work(group, values);
    std::set<uint32_t> written;  // instead of them
    for (const auto& [reader, read] : read_by) {
      std::set<uint32_t> again = with_sources(read, values), loads = loads_of(reader), needed;
      size_t nodes = 0;
      for (const Part& part : groups_[reader].parts) nodes += part.reads.nodes;
      for (uint32_t value : again) {
        const Part& part = *home_.at(value).part;
        work += fusion_.work_of(value);
        nodes += part.reads.nodes;
        for (const Read& source : part.reads.reads)
          if (all_axes(part, source) && !again.contains(source.node.value) && !loads.contains(source.node.value)) {
            needed.insert(source.node.value);
            if (stays_inside(source.node.value)) written.insert(source.node.value);
          }
      }
      if (nodes > kMostNodes) return false;
      saved += static_cast<double>(read.size()) - static_cast<double>(needed.size());
    }
    return (saved - static_cast<double>(written.size())) * kMove > work;
  }

  /// A root that nothing outside its kernel reads so far.
  bool stays_inside(uint32_t root) const {
    return home_.contains(root) && !readers_.contains(root) && !kept_.contains(root);
  }

  /// These values and those of `values` that they are made of.
  std::set<uint32_t> with_sources(const std::set<uint32_t>& read, const std::set<uint32_t>& values) const {
    std::set<uint32_t> out = read;
    std::vector<uint32_t> pending(read.begin(), read.end());
    while (!pending.empty()) {
      uint32_t value = pending.back();
      pending.pop_back();
      for (const Read& source : home_.at(value).part->reads.reads)
        if (values.contains(source.node.value) && out.insert(source.node.value).second)
          pending.push_back(source.node.value);
    }
    return out;
  }

  /// Of passes of its own kernel that read values of earlier ones.
  double later_work(size_t group, const std::set<uint32_t>& values) const {
    std::map<uint32_t, std::set<uint32_t>> by_pass;
    for (const Part& part : groups_[group].parts)
      for (const Read& read : part.reads.reads)
        if (values.contains(read.node.value) && home_.at(read.node.value).part->pass < part.pass &&
            !values.contains(part.space.root.value))
          by_pass[part.pass].insert(read.node.value);
    double work = 0;
    for (const auto& [pass, read] : by_pass)
      for (uint32_t value : with_sources(read, values)) work += fusion_.work_of(value);
    return work;
  }

  const Fusion& fusion_;
  const std::vector<Group>& groups_;
  std::map<uint32_t, Home> home_;
  std::map<uint32_t, std::set<size_t>> readers_;  ///< groups that read a root of another one
  const std::set<uint32_t>& kept_;
  std::set<uint32_t> elsewhere_;  ///< roots that are read at other places, or have to be in memory
};

}  // namespace

std::set<uint32_t> cheaper_again(const Fusion& fusion, const Grouping& grouping, const std::set<uint32_t>& kept) {
  return Choice(fusion, grouping, kept).run();
}

}  // namespace caten
