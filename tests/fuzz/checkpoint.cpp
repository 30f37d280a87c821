// Any bytes as a checkpoint of some programs: refused, or a memory that is written so that it reads as itself, and from
// which the world steps on or says why not.
#include "consensus/journal/checkpoint.hpp"

#include "base/utf8.hpp"
#include "consensus.hpp"
#include "consensus/reference/world.hpp"
#include "io/deflate.hpp"

using namespace caten;
using namespace caten::consensus;

namespace {

/// Sets of both kinds, a value of each kind, and groups that backtrack.
constexpr const char* kProgram = R"(
value V : Token[X, 3] shape Grid(2, 3) clock Lamport
value W : Scalar[i32] shape Seq(2) clock Lamport init 1
value Z : Latent[2, f32] shape Seq(1) clock Lamport init 0
value Plan : Event shape Set() clock Lamport
value Rules : Rule shape Set() clock Lamport
visible V[y,x] <- V[y,x+1] optional
rule R:
  on V[y,x]
  read {next = V[y,x+1]}
  emit proposal V[y,x] := categorical(where(ids() = next, -inf, 0))
constraint C:
  on V[y,x]
  require V[y,x] != V[y,x+1] priority 3 hard
commit V[y,*] using satisfy(max_constraints_then_score) budget 1 on_unsat backtrack(2)
rule S:
  on Plan
  emit proposal Plan := SampleTiles(strategy="maskgit-cosine", epoch=0)
)";

reference::World& world() {
  static std::unique_ptr<reference::World> made = [] {
    static SourceMap sources;
    Diagnostics diagnostics;
    std::optional<Program> program = read_text(sources, sources.add("fuzz", kProgram), diagnostics);
    require(program.has_value());
    auto out = reference::World::make(std::move(*program), {}, 7, {}, diagnostics);
    require(out != nullptr);
    return out;
  }();
  return *made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Instance& instance = world().instance();
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // Packed bytes that somebody changed have another checksum: here they stand unpacked.
  Result<reference::Memory> memory = decode_checkpoint(instance, pack_gzip(bytes));
  if (!memory) {
    require(find_invalid_utf8(render(memory.error(), SourceMap{})) == std::string_view::npos);
    return 0;
  }
  std::string again = encode_checkpoint(instance, *memory);
  Result<reference::Memory> same = decode_checkpoint(instance, again);
  require(same.has_value());
  require(encode_checkpoint(instance, *same) == again);
  world().restore(std::move(*memory));
  for (int i = 0; i < 2 && world().step(); ++i)
    ;
  world().restore(std::move(*same));
  return 0;
}
