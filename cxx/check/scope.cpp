#include "check/scope.hpp"

namespace caten {

bool Scope::define(const std::string& name, Binding binding) {
  return frames_.back().emplace(name, std::move(binding)).second;
}

const Binding* Scope::find(const std::string& name) const {
  for (size_t i = frames_.size(); i-- > 0;)
    if (auto found = frames_[i].find(name); found != frames_[i].end()) return &found->second;
  return nullptr;
}

std::vector<std::string> Scope::names() const {
  std::vector<std::string> out;
  for (const auto& frame : frames_)
    for (const auto& [name, binding] : frame) out.push_back(name);
  return out;
}

}  // namespace caten
