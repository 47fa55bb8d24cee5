"""What all benchmarks print alike: tables whose last column is `lexi` / it, bars, and the largest memory of a command."""

import shutil
import statistics
import subprocess
import tempfile


def spread(values, form="%.2f"):
    """The median with the range."""
    return f"{form % statistics.median(values)} ({form % min(values)} to {form % max(values)})"


def ratios(above, below):
    """What is above of what is below, round by round."""
    return [a / b for a, b in zip(above, below)]


def print_bars(bars):
    """Prints each bar: what, the values, the most that their median may be. Gives how many are missed."""
    missed = 0
    print("\n| bar | median (range) | at most | |\n|---|---|---|---|")
    for what, values, limit in bars:
        holds = statistics.median(values) <= limit
        missed += not holds
        print(f"| {what} | {spread(values, '%.3g')} | {limit} | {'holds' if holds else 'MISSED'} |")
    return missed


class Peak:
    """The largest memory of a command and of what it starts. A process that Python starts counts Python's own memory as its
    own, so a small program stands between: GNU time, without which there is no figure."""

    def __init__(self):
        self.time, self.said = shutil.which("time"), tempfile.NamedTemporaryFile("r")

    def around(self, words):
        """The command that does the same and notes its memory."""
        watched = [self.time, "-o", self.said.name, "-f", "%M"] if self.time else []
        return [*watched, *map(str, words)]

    def megabytes(self):
        self.said.seek(0)
        noted = self.said.read().split()
        return int(noted[-1]) / 1024 if noted else None


def peak_mb(words, **how):
    """The largest memory of one run of a command; None where it is not to be had."""
    peak = Peak()
    done = subprocess.run(peak.around(words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)
    return None if done.returncode else peak.megabytes()


def shown_mb(megabytes):
    return "" if megabytes is None else f"{megabytes:.1f}"
