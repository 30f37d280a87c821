"""Transcripts: lines `$ command`, each followed by what it prints and `[n]`, its exit status when that is not 0. A command goes
on in the lines `> …` right behind it, as at a shell's prompt."""
import contextlib
import os
import pathlib
import subprocess
import tempfile

tree = pathlib.Path(__file__).resolve().parents[2]
binaries = tree / "build" / os.environ.get("CATEN_PRESET", "release") / "bin"


@contextlib.contextmanager
def empty_folder():
    """A folder, and an environment in which it is the home, with caten and daten on the PATH."""
    with tempfile.TemporaryDirectory() as folder:
        yield folder, {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "TREE": str(tree), "HOME": folder, "NO_COLOR": "1",
                       "XDG_CONFIG_HOME": f"{folder}/.config", "XDG_CACHE_HOME": f"{tree}/build/test/cache"}


def run(command, folder, environment):
    """What bash prints for the command, and its status."""
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode(errors="backslashreplace").replace(str(tree), "$TREE")
    if text and not text.endswith("\n"):
        text += "\n"
    return text + (f"[{done.returncode}]\n" if done.returncode else "")


def replay(lines, folder, environment):
    """The lines as they would be if each command is run again; those before the first command stay."""
    out, command = "", None
    for line in lines + [None]:
        if command and line and line.startswith("> "):
            command.append(line)
            continue
        if command:
            out += "".join(command) + run("".join(part[2:] for part in command).rstrip("\n"), folder, environment)
            command = []
        if line and line.startswith("$ "):
            command = [line]
        elif line and command is None:
            out += line
    return out
