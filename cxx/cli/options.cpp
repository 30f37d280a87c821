#include "cli/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "rewrite/passes/convert_precision.hpp"

namespace caten {

namespace {

std::string yes_no(bool value) { return value ? "yes" : "no"; }

/// The number, or -1 and the text itself for check_values.
int64_t whole_number(const std::string& text, std::string& invalid) {
  int64_t out = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (status == std::errc{} && end == text.data() + text.size() && out >= 0) return out;
  invalid = text;
  return -1;
}

}  // namespace

const std::vector<Option>& all_options() {
  using S = Settings;
  using Text = std::string;
  static const std::vector<Option> options = {
      {"--runtime", "", "NAME", "cd",
       "run and generate for this runtime: a name, or a FILE.lisp (default: cpu; reference: the evaluator)",
       [](S& s, const Text& v) { s.runtime = v; }, "runtime", [](const S& s) { return s.runtime; }},
      {"--cpu", "", "NAME", "cd", "the processor to compile kernels for: native (default), avx512, avx2 or baseline",
       [](S& s, const Text& v) { s.cpu = v; }, "cpu", [](const S& s) { return s.cpu; }, "native avx512 avx2 baseline"},
      {"-e", "--eval", "FORMS", "c", "evaluate Lisp forms and print the last value",
       [](S& s, const Text& v) { s.expressions.push_back(v); }},
      {"-o", "--output", "FILE", "cd",
       "write what would be printed to this file; FILE.c, FILE.o or FILE.so: a program that stands alone, with FILE.h",
       [](S& s, const Text& v) { s.output_file = v; }},
      {"-c", "", "", "cd", "compile to an object file with a C header: no caten or Lisp is needed to call it",
       [](S& s, const Text&) { s.artifact = true; }},
      {"-E", "", "", "c", "print the expanded IR (--emit=ir); of a consensual program its LCI",
       [](S& s, const Text&) { s.emit = "ir"; }},
      {"-S", "", "", "c", "print the kernels' source (--emit=kernel)", [](S& s, const Text&) { s.emit = "kernel"; }},
      {"--emit", "", "WHAT", "cd",
       "ir, graph (rewritten IR), schedule or kernel; of a consensual program lci, text, or plan: what was decided "
       "about it",
       [](S& s, const Text& v) { s.emit = v; }, "", nullptr, "ir graph schedule kernel lci text plan"},
      {"--colour", "", "WHICH", "c",
       "auto: a consensual program's schedules as if all its commits said colour auto; none",
       [](S& s, const Text& v) { s.colour = v; }, "", nullptr, "none auto"},
      {"--entry", "", "NAME", "cd", "the program or composite of the text to use",
       [](S& s, const Text& v) { s.entry = v; }},
      {"-D", "", "NAME=VALUE", "cd",
       "fix a size (M=3) or choose a dtype (T=f64); of caten test-runtime: only this dtype",
       [](S& s, const Text& v) { s.sizes.push_back(v); }},
      {"--in", "", "NAME=FILE", "cd", "read an input or state: .npy .npz .csv .csv.gz .safetensors",
       [](S& s, const Text& v) { s.inputs.push_back(v); }},
      {"--out", "", "NAME=FILE", "cd", "write an output or new state: .npy .csv .png .safetensors; others are printed",
       [](S& s, const Text& v) { s.outputs.push_back(v); }},
      {"--param", "", "NAME=VALUE", "c",
       "of caten run WORLD.lmpm: H=64, beta=0.44, source=@a.npy, sky=box(0..3,*), blue=ids(1,2), Model=COMPOSITE",
       [](S& s, const Text& v) { s.params.push_back(v); }},
      {"--steps", "", "N", "c", "of caten run WORLD.lmpm: so many steps (default: 1)",
       [](S& s, const Text& v) { s.steps = whole_number(v, s.invalid); }},
      {"--seed", "", "N", "c",
       "of caten run WORLD.lmpm: what is drawn, 0 (default) to 4294967295; of caten test-runtime: which programs",
       [](S& s, const Text& v) { s.seed = whole_number(v, s.invalid); }},
      {"--programs", "", "N", "c", "of caten test-runtime: so many generated programs (default: 300)",
       [](S& s, const Text& v) { s.programs = whole_number(v, s.invalid); }},
      {"--parts", "", "LIST", "c", "of caten test-runtime: some of ops,composites,programs,speed (default: all)",
       [](S& s, const Text& v) { s.parts = v; }},
      {"--report", "", "", "c", "of caten run WORLD.lmpm: say for each step what was committed, and what lost and why",
       [](S& s, const Text& v) { s.report = v != "no"; }},
      {"--journal", "", "FILE", "c",
       "of caten run WORLD.lmpm: keep what each step did in FILE; run again to go on from its last step",
       [](S& s, const Text& v) { s.journal = v; }},
      {"--checkpoint-every", "", "N", "c",
       "with --journal: keep the whole state behind every N-th step (default: 1000; 0: never)",
       [](S& s, const Text& v) { s.checkpoint_every = whole_number(v, s.invalid); }},
      {"--to", "", "K", "c", "of caten replay: up to step K (default: the last)",
       [](S& s, const Text& v) { s.to = whole_number(v, s.invalid); }},
      {"--digest", "", "", "c", "of caten replay: all steps from the first, with the digest of each",
       [](S& s, const Text& v) { s.digest = v != "no"; }},
      {"--picture", "", "FILE", "c",
       "of caten run WORLD.lmpm and caten replay: draw a value's cells to FILE.png, at the end, or to FILE.gif, over "
       "time",
       [](S& s, const Text& v) { s.picture = v; }},
      {"--every", "", "N", "c", "with --picture: a frame for every N-th step; of a .png all on one sheet",
       [](S& s, const Text& v) { s.every = whole_number(v, s.invalid); }},
      {"--value", "", "NAME", "c", "with --picture: the value to draw (default: the first that a rule proposes for)",
       [](S& s, const Text& v) { s.value = v; }},
      {"--scale", "", "N", "c",
       "with --picture: pixels along a cell's side, 1 to 256 (default: some 256 for the whole)",
       [](S& s, const Text& v) { s.scale = whole_number(v, s.invalid); }},
      {"--colours", "", "WHICH", "c",
       "with --picture: auto, viridis, grey, or a colour for each id as 000000,e69f00 (default: auto)",
       [](S& s, const Text& v) { s.colours = v; }},
      {"--wrt", "", "NAME", "d",
       "differentiate with respect to this input (repeat for more; default: every float input)",
       [](S& s, const Text& v) { s.wrt.push_back(v); }},
      {"--jvp", "", "", "d", "forwards: tangents t_y of the outputs, given the tangents t_x of the inputs",
       [](S& s, const Text& v) { s.forward = v != "no"; }},
      {"--format", "", "NAME", "d", "with quantize: what a weight becomes, int8, q8_0 or q4_0",
       [](S& s, const Text& v) { s.format = v; }, "", nullptr, "int8 q8_0 q4_0"},
      {"--weights", "", "FILE", "d",
       "with eval and infer: the weights, of quantize or export (default: the checkpoint)",
       [](S& s, const Text& v) { s.weights = v; }},
      {"--dtype", "", "NAME", "cd",
       "bf16 or f16: compute and store f32 values so; inputs and results stay f32 (default: f32, as they are)",
       [](S& s, const Text& v) { s.dtype = v; }, "dtype", [](const S& s) { return s.dtype; }, "bf16 f16 f32"},
      {"--keep-f32", "", "NAMES", "cd",
       "with --dtype: composites, ops and families of them that stay in f32, as default,gelu,mul or none; default "
       "stands for sums,softmax,norms,exponentials,angles,losses,random,loops",
       [](S& s, const Text& v) { s.keep_f32 = v; }, "keep-f32", [](const S& s) { return s.keep_f32; }},
      {"--check", "", "", "cd", "indices out of range and integer divisions by zero are errors",
       [](S& s, const Text& v) { s.check = v != "no"; }, "check", [](const S& s) { return yes_no(s.check); }},
      {"-O", "", "LEVEL", "cd",
       "optimisation level: 0 a kernel for each op, 1 rewriting and fusion of chains, 2 (default) all, 3 as 2",
       [](S& s, const Text& v) {
         bool level = v.size() == 1 && v[0] >= '0' && v[0] <= '3';
         s.optimization = level ? v[0] - '0' : -1;
         if (!level) s.invalid = v;
       },
       "optimization", [](const S& s) { return std::to_string(s.optimization); }, "0 1 2 3"},
      {"-f", "", "no-NAME", "cd",
       "switch a pass, rewrite rule or optimizer off by name: -fno-fusion, -fno-grouping, -fno-in-place, "
       "-fno-row-blocks, -fno-simplify, …",
       [](S& s, const Text& v) {
         s.disabled.push_back(v.substr(0, 3) == "no-" ? v.substr(3) : "");
         if (s.disabled.back().empty()) s.invalid = v;
       }},
      {"--trace-rewrites", "", "", "cd", "say on stderr which rules were applied where",
       [](S& s, const Text& v) { s.trace_rewrites = v != "no"; }, "trace-rewrites",
       [](const S& s) { return yes_no(s.trace_rewrites); }},
      {"--time-passes", "", "", "cd", "say on stderr how long each step took",
       [](S& s, const Text& v) { s.time_passes = v != "no"; }, "time-passes",
       [](const S& s) { return yes_no(s.time_passes); }},
      {"--profile", "", "[=FILE]", "cd",
       "say on stderr what each kernel took, moved and computed; to a FILE.json: every launch, as a Chrome trace",
       [](S& s, const Text& v) {
         s.profile = true;
         s.profile_file = v;
       }},
      {"--tune", "", "[=SECONDS]", "cd",
       "measure other schedules of each program before it first runs, for so long (default: 10), and keep the fastest",
       [](S& s, const Text& v) { s.tune = v == "no" ? std::nullopt : std::optional(v == "yes" ? "" : v); }, "tune",
       [](const S& s) { return s.tune == "" ? "yes" : s.tune.value_or("no"); }},
      {"--verify", "", "", "cd",
       "compare each kernel and each result with the evaluator; name the kernel or pass at fault",
       [](S& s, const Text& v) { s.verify = v != "no"; }, "verify", [](const S& s) { return yes_no(s.verify); }},
      {"--repeat", "", "N", "c", "of caten bench: so many samples of each figure (default: 15, or 3 seconds of them)",
       [](S& s, const Text& v) {
         auto [end, status] = std::from_chars(v.data(), v.data() + v.size(), s.repeat);
         if (status != std::errc{} || end != v.data() + v.size() || s.repeat < 1) s.repeat = -1, s.invalid = v;
       }},
      {"--max-memory", "", "BYTES", "cd", "refuse programs that need more (suffixes K, M, G)",
       [](S& s, const Text& v) { s.max_memory = v; }, "max-memory", [](const S& s) { return s.max_memory; }},
      {"--plugin", "", "FILE", "cd", "load a Lisp file first (repeat for more)",
       [](S& s, const Text& v) { s.plugins.push_back(v); }, "plugin",
       [](const S& s) { return fmt::format("{}", fmt::join(s.plugins, " ")); }},
      {"--ops", "", "FILE", "cd", "use the implementation of a composite that this .toml file has (repeat for more)",
       [](S& s, const Text& v) { s.ops.push_back(v); }, "ops",
       [](const S& s) { return fmt::format("{}", fmt::join(s.ops, " ")); }},
      {"--no-init", "", "", "cd", "do not load the init file (~/.config/caten/init.lisp)",
       [](S& s, const Text& v) { s.no_init = v != "no"; }, "no-init", [](const S& s) { return yes_no(s.no_init); }},
      {"--json", "", "", "cd", "messages and listings as JSON", [](S& s, const Text& v) { s.json = v != "no"; }, "json",
       [](const S& s) { return yes_no(s.json); }},
      {"--color", "", "WHEN", "cd", "auto, always or never (NO_COLOR is honoured)",
       [](S& s, const Text& v) { s.color = v; }, "color", [](const S& s) { return s.color; }, "auto always never"},
      {"-v", "--verbose", "", "cd", "say on stderr what is done", [](S& s, const Text& v) { s.verbose = v != "no"; },
       "verbose", [](const S& s) { return yes_no(s.verbose); }},
      {"--help", "-h", "", "cd", "print this", [](S& s, const Text&) { s.help = true; }},
      {"--version", "", "", "cd", "print the version", [](S& s, const Text&) { s.version = true; }},
  };
  return options;
}

const std::vector<Subcommand>& all_commands() {
  static const std::vector<Subcommand> commands = {
      {"run", "FILE [ARGUMENTS]", "cd",
       "run a program: .lisp with arguments of its own, .ir with --in and --out, .lmpm with --param and --steps"},
      {"train", "FILE.daten", "d", "train what the file describes, from its checkpoint on if there is one"},
      {"resume", "FILE.daten", "d", "the same, where there must be a checkpoint"},
      {"eval", "FILE.daten", "d",
       "compute the metrics: of what was trained, or of each of the splits that the file asks for"},
      {"infer", "FILE.daten [OUT.npy]", "d", "compute what infer: says, or the output, for the file's data"},
      {"export", "FILE.daten OUT.safetensors", "d", "write the parameters of what was trained"},
      {"quantize", "FILE.daten", "d",
       "put the trained weights into few bits (--format), show what that costs and saves, and write them (-o)"},
      {"replay", "FILE", "c", "repeat the run of a --journal FILE up to --to K, compare each step, and write --out"},
      {"why", "FILE CELL [STEP]", "c",
       "of a --journal FILE: who proposed what for a cell as 'V[3,4]' in a step (default: the last), and what lost to "
       "what"},
      {"why-not", "FILE CELL VALUE [STEP]", "c", "the same, and why the cell did not become VALUE"},
      {"repl", "", "c", "read and evaluate forms; also what caten does without operands"},
      {"ops", "", "c", "list the principal ops"},
      {"bench", "[ls|SUITE|WORKLOAD|FILE…]", "c",
       "measure the machine's roof (roof), the workloads on it (cpu, the default), their compilation (compile)",
       "ls roof cpu compile"},
      {"cache", "[ls|gc|clear|path|warm …]", "c", "list, shrink, empty or fill the cache of compiled kernels",
       "ls gc clear path warm"},
      {"test-runtime", "", "c", "compare the runtime with the reference evaluator; writes Reports.md, or -o FILE"},
      {"new-runtime", "NAME", "c",
       "write a runtime to begin with into a folder NAME: its file, its driver, what to do next"},
      {"doctor", "", "c", "try every runtime, and say what is missing and how to get it; the state of cache and files"},
      {"explain", "[CODE]", "cd", "the page of an error code such as E0202; without a code, all codes"},
      {"config", "", "cd", "the settings, and where each value comes from"},
      {"completion", "SHELL", "cd", "print the completion script of a shell", "bash zsh fish"},
      {"man", "", "cd", "print the manual page, for man -l -"},
  };
  return commands;
}

const Subcommand* find_command(std::string_view name, char tool) {
  for (const Subcommand& command : all_commands())
    if (command.name == name && command.tools.find(tool) != std::string_view::npos) return &command;
  return nullptr;
}

bool belongs(const Option& option, char tool) { return option.tools.find(tool) != std::string_view::npos; }

std::string describe_spelling(const Option& option) {
  std::string text(option.spelling);
  if (!option.alternative.empty()) text += fmt::format(", {}", option.alternative);
  if (!option.flag())
    text += ((option.spelling[1] == '-' && !option.optional()) || !option.alternative.empty() ? " " : "") +
            std::string(option.argument);
  return text;
}

namespace {

tl::unexpected<Diagnostic> unknown_option(const std::string& argument, char tool) {
  std::vector<std::string> names;
  for (const Option& option : all_options())
    if (belongs(option, tool)) {
      names.emplace_back(option.spelling);
      if (!option.alternative.empty()) names.emplace_back(option.alternative);
    }
  std::string hint = did_you_mean(argument.substr(0, argument.find('=')), names);
  return fail({.code = Code::UnknownOption,
               .message = fmt::format("unknown option `{}`", argument),
               .expected = "an option of --help",
               .found = argument,
               .remedy = hint.empty() ? "see --help; write -- before operands that start with -" : hint});
}

/// Does the argument spell this option? Its value is what follows, if anything does.
bool spells(const Option& option, std::string_view spelling, const std::string& argument,
            std::optional<std::string>& value) {
  if (spelling.empty() || argument.substr(0, spelling.size()) != spelling) return false;
  std::string rest = argument.substr(spelling.size());
  if (rest.empty()) return true;
  bool negatable = !option.setting.empty() && spelling[1] == '-';  // --check=no, against a default of the user's
  if (option.flag() && !(negatable && rest[0] == '=')) return false;
  bool is_long = spelling[1] == '-';
  if (is_long && rest[0] != '=') return false;
  value = is_long ? rest.substr(1) : rest;
  return true;
}

}  // namespace

Result<bool> parse_flag(const std::string& value, std::string_view what) {
  for (std::string_view yes : {"yes", "true", "1", "on"})
    if (value == yes) return true;
  for (std::string_view no : {"no", "false", "0", "off"})
    if (value == no) return false;
  return fail({.code = Code::BadOptionValue,
               .message = fmt::format("{} does not take `{}`", what, value),
               .expected = "yes or no",
               .found = value,
               .remedy = did_you_mean(value, {"yes", "no", "true", "false"})});
}

Status check_values(const Settings& s) {
  auto one_of = [](std::string_view option, const std::string& value,
                   const std::vector<std::string>& values) -> Status {
    if (std::find(values.begin(), values.end(), value) != values.end()) return {};
    return fail({.code = Code::BadOptionValue,
                 .message = fmt::format("{} does not take `{}`", option, value),
                 .expected = fmt::format("{}", fmt::join(values, ", ")),
                 .found = value,
                 .remedy = did_you_mean(value, values)});
  };
  CATEN_TRY(one_of("--color", s.color, {"auto", "always", "never"}));
  if (!s.colour.empty()) CATEN_TRY(one_of("--colour", s.colour, {"none", "auto"}));
  if (!s.emit.empty())
    CATEN_TRY(one_of("--emit", s.emit, {"ir", "graph", "schedule", "kernel", "lci", "text", "plan"}));
  if (Result<std::optional<Precision>> known = parse_precision(s.dtype, s.keep_f32); !known)
    return tl::make_unexpected(known.error());
  if (s.profile && s.verify)
    return fail({.code = Code::BadOptionValue,
                 .message = "a run that is verified is not profiled",
                 .expected = "--profile or --verify",
                 .found = "both",
                 .remedy = "run twice"});
  if (s.runtime == "reference" && !s.cpu.empty())
    return fail({.code = Code::BadOptionValue,
                 .message = "the reference evaluator compiles no kernels",
                 .expected = "a runtime whose driver takes --cpu",
                 .found = "--runtime reference --cpu " + s.cpu,
                 .remedy = "leave one of them out"});
  if (s.optimization < 0)
    return fail({.code = Code::BadOptionValue,
                 .message = fmt::format("there is no optimisation level `{}`", s.invalid),
                 .expected = "-O0, -O1, -O2 or -O3",
                 .found = "-O" + s.invalid,
                 .remedy = "-O2 is the default"});
  if (s.steps < 0 || s.seed < 0 || s.seed > UINT32_MAX)
    return fail({.code = Code::BadOptionValue,
                 .message = fmt::format("{} does not take `{}`", s.steps < 0 ? "--steps" : "--seed",
                                        s.seed > UINT32_MAX ? std::to_string(s.seed) : s.invalid),
                 .expected = s.steps < 0 ? "a number of steps" : "an integer from 0 to 4294967295",
                 .found = s.seed > UINT32_MAX ? std::to_string(s.seed) : s.invalid,
                 .remedy = s.steps < 0 ? "for example --steps 100" : "for example --seed 7"});
  if (s.checkpoint_every < 0 || s.to.value_or(0) < 0)
    return fail({.code = Code::BadOptionValue,
                 .message = fmt::format("{} does not take `{}`", s.checkpoint_every < 0 ? "--checkpoint-every" : "--to",
                                        s.invalid),
                 .expected = "a number of steps",
                 .found = s.invalid,
                 .remedy = s.checkpoint_every < 0 ? "for example --checkpoint-every 100" : "for example --to 20"});
  if (s.programs.value_or(0) < 0)
    return fail({.code = Code::BadOptionValue,
                 .message = fmt::format("--programs does not take `{}`", s.invalid),
                 .expected = "a number of programs",
                 .found = s.invalid,
                 .remedy = "for example --programs 2000"});
  bool scaled = !s.scale || (*s.scale >= 1 && *s.scale <= 256);
  if (s.every.value_or(1) < 1 || !scaled)
    return fail({.code = Code::BadOptionValue,
                 .message = fmt::format("{} does not take that number", scaled ? "--every" : "--scale"),
                 .expected = scaled ? "a number of steps from 1 up" : "a number from 1 to 256",
                 .found = s.invalid.empty() ? std::to_string(scaled ? *s.every : *s.scale) : s.invalid,
                 .remedy = scaled ? "for example --every 10" : "for example --scale 4"});
  if (s.repeat < 0)
    return fail({.code = Code::BadOptionValue,
                 .message = fmt::format("--repeat does not take `{}`", s.invalid),
                 .expected = "a number from 1 up",
                 .found = s.invalid,
                 .remedy = "for example --repeat 5"});
  for (const std::string& name : s.disabled)
    if (name.empty())
      return fail({.code = Code::BadOptionValue,
                   .message = "-f only switches off",
                   .expected = "-fno-NAME",
                   .found = "-f" + s.invalid,
                   .remedy = "name a rule, optimizer or pass to switch off"});
  return {};
}

Status parse_options(const std::vector<std::string>& arguments, char tool, Settings& settings,
                     std::vector<const Option*>& given) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const std::vector<std::string>& operands = settings.operands;
    // caten runs a Lisp file as a program with arguments of its own; daten differentiates what the file ends with.
    bool for_program = tool == 'c' && operands.size() >= 2 && operands[0] == "run" && operands[1].ends_with(".lisp");
    if (argument.size() < 2 || argument[0] != '-' || for_program) {
      settings.operands.push_back(argument);
      continue;
    }
    if (argument == "--") {
      settings.operands.insert(settings.operands.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                               arguments.end());
      break;
    }
    const Option* chosen = nullptr;
    std::optional<std::string> value;
    for (const Option& option : all_options())
      if (!chosen && belongs(option, tool) &&
          (spells(option, option.spelling, argument, value) || spells(option, option.alternative, argument, value)))
        chosen = &option;
    if (!chosen) return unknown_option(argument, tool);
    if (!chosen->flag() && !chosen->optional() && !value) {
      if (i + 1 >= arguments.size())
        return fail({.code = Code::MissingArgument,
                     .message = fmt::format("{} needs an argument", argument),
                     .expected = fmt::format("{} {}", chosen->spelling, chosen->argument),
                     .found = "the end of the command line",
                     .remedy = "add it"});
      value = arguments[++i];
    }
    if (chosen->flag() && value) {
      Result<bool> yes = parse_flag(*value, chosen->spelling);
      if (!yes) return tl::make_unexpected(yes.error());
      value = *yes ? "yes" : "no";
    }
    chosen->apply(settings, value.value_or(""));
    given.push_back(chosen);
  }
  return check_values(settings);
}

Result<std::pair<std::string, std::string>> split_assignment(const std::string& text, std::string_view option) {
  size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    return fail({.code = Code::BadOptionValue,
                 .message = fmt::format("{} does not take `{}`", option, text),
                 .expected = fmt::format("{} name=value", option),
                 .found = text,
                 .remedy = "write a name, =, and a value, without spaces"});
  return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace caten
