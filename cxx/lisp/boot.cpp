// Starting ECL: options, floating-point traps, signals, and the compiled Lisp code.
#include <semaphore.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "lisp/ecl.hpp"
#include "lisp/lisp.hpp"
#include "lisp/primitives.hpp"

// Made by the build: they register the compiled files of lisp/ and of composites/.
extern "C" void init_caten_lisp(cl_object);
extern "C" void init_caten_composites(cl_object);

namespace caten::lisp {
namespace {

Session* g_session = nullptr;
bool g_booted = false;
cl_object g_process = ECL_NIL;       // the thread that booted; registered as a root
cl_object g_on_interrupt = ECL_NIL;  // function designator; registered as a root
sem_t g_interrupt_requests;
struct sigaction g_ecl_segv_action;

/// ECL's own handler turns every fault into a Lisp error and unwinds through C++ frames. It is needed for one page
/// only: ECL write-protects its environment to be told when a delayed interrupt may run. Other faults are real crashes.
void on_segmentation_fault(int number, siginfo_t* info, void* context) {
  auto* env = reinterpret_cast<char*>(ecl_process_env_unsafe());
  auto* address = static_cast<char*>(info->si_addr);
  if (env && address >= env && address < env + sizeof(struct cl_env_struct)) {
    g_ecl_segv_action.sa_sigaction(number, info, context);
    return;
  }
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(SIGSEGV, &action, nullptr);  // the access is repeated and ends the process with its usual signal
}

void on_interrupt_signal(int) { interrupt(); }

/// Waits for requests and passes them to the thread that runs Lisp. It is a thread of Lisp, because only such may
/// interrupt one.
void pass_interrupts_on() {
  ecl_import_current_thread(g_on_interrupt, ECL_NIL);  // its name: nothing may be allocated before this
  for (;;) {
    while (sem_wait(&g_interrupt_requests) != 0) {
    }
    mp_interrupt_process(g_process, g_on_interrupt);
  }
}

void set_options() {
  ecl_set_option(ECL_OPT_TRAP_SIGSEGV, 1);
  ecl_set_option(ECL_OPT_TRAP_SIGFPE, 1);
  ecl_set_option(ECL_OPT_TRAP_SIGINT, 0);
  ecl_set_option(ECL_OPT_TRAP_SIGILL, 0);
  ecl_set_option(ECL_OPT_TRAP_SIGBUS, 0);
  ecl_set_option(ECL_OPT_TRAP_SIGPIPE, 0);
  ecl_set_option(ECL_OPT_SIGNAL_HANDLING_THREAD, 0);
}

}  // namespace

Session& session() { return *g_session; }

bool booted() { return g_booted; }

void boot(Session& session_of_lisp) {
  g_session = &session_of_lisp;
  if (g_booted) return;
  set_options();
  static char name[] = "caten";
  static char* arguments[] = {name, nullptr};
  cl_boot(1, arguments);
  si_trap_fpe(ECL_T, ECL_NIL);  // inf and nan are values
  sigaction(SIGSEGV, nullptr, &g_ecl_segv_action);
  struct sigaction action {};
  action.sa_sigaction = on_segmentation_fault;
  // On the ordinary stack: the interrupt that waited runs Lisp code inside the handler, which takes any other stack for
  // one that has overflowed.
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &action, nullptr);

  define_all_primitives();
  ecl_init_module(nullptr, init_caten_lisp);
  ecl_init_module(nullptr, init_caten_composites);
  cl_funcall(1, symbol("FINISH-BOOT", "CATEN/EVALUATE"));
  g_booted = true;
}

void install_interrupt_handler() {
  static bool installed = false;
  if (installed || !g_booted) return;
  installed = true;
  ecl_register_root(&g_process);
  ecl_register_root(&g_on_interrupt);
  g_process = ecl_process_env()->own_process;
  g_on_interrupt = symbol("ON-INTERRUPT", "CATEN/DIAGNOSTIC");
  sem_init(&g_interrupt_requests, 0, 0);
  std::thread(pass_interrupts_on).detach();
  struct sigaction action {};
  action.sa_handler = on_interrupt_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
}

void interrupt() {
  g_session->interrupt();
  sem_post(&g_interrupt_requests);
}

}  // namespace caten::lisp
