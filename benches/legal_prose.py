"""Text like that of a legal practice, the same on every run: long documents in prose, with numbers, quotations and JSON.

The words follow each other as in the licences that Debian keeps in /usr/share/common-licenses, so that they pack about as well
as real prose does. It repeats only far beyond the 32 KiB that gzip looks back."""

import random
import uuid
from pathlib import Path

CORPUS = Path("/usr/share/common-licenses")
SEED = 20260115
KINDS = ("pleading", "motion", "brief", "contract", "order", "exhibit", "deposition", "letter")
# How often a word is followed by one of any place where it stands: phrases must not come back word for word.
JUMP = 0.40
PARAGRAPH = (60, 120)


class Chain:
    """Which word comes after which."""

    def __init__(self, words):
        self.words = words
        self.after_one, self.after_two = {}, {}
        for first, second, third in zip(words, words[1:], words[2:]):
            self.after_one.setdefault(second, []).append(third)
            self.after_two.setdefault((first, second), []).append(third)

    def start(self, rng):
        at = rng.randrange(len(self.words) - 3)
        return self.words[at], self.words[at + 1]

    def text(self, rng, length):
        """Prose in numbered paragraphs with citations, at least so many characters long."""
        first, second = self.start(rng)
        parts, size, left, number = [], 0, rng.randint(*PARAGRAPH), 0
        while size < length:
            choices = self.after_one.get(second) if rng.random() < JUMP else self.after_two.get((first, second))
            if not choices:
                first, second = self.start(rng)
                continue
            first, second = second, choices[int(rng.random() * len(choices))]
            part, left = second, left - 1
            if left == 0:
                number, left = number + 1, rng.randint(*PARAGRAPH)
                part += f"\n\n{number}.{rng.randint(1, 9)}"
            elif rng.random() < 0.011:
                part += f" {rng.randint(1, 999)} F.{rng.randint(1, 3)}d {rng.randint(1, 1500)}, {rng.randint(1, 1500)} ({rng.randint(1950, 2025)})"
            parts.append(part)
            size += len(part) + 1
        return " ".join(parts)


def corpus():
    names = sorted(path for path in CORPUS.iterdir() if path.is_file() and not path.is_symlink())
    if not names:
        raise SystemExit(f"no texts in {CORPUS}: this needs Debian's package base-files")
    return " ".join(path.read_text(errors="replace") for path in names).split()


def escape(text):
    """As a field of COPY."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def documents(megabytes):
    """Rows of COPY for the table `documents`."""
    rng, chain = random.Random(SEED), Chain(corpus())
    size, number = 0, 0
    while size < megabytes * 1_000_000:
        number += 1
        kind, case = rng.choice(KINDS), rng.randint(1, 5000)
        body = chain.text(rng, 400 + int(rng.random() * rng.random() * 24_000))
        facts = f'{{"pages": {rng.randint(1, 90)}, "filed_by": "attorney-{rng.randint(1, 200)}", "tags": ["{kind}", "case-{case}"], "confidence": 0.{rng.randint(0, 9999)}}}'
        fields = (
            str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            str(case),
            kind,
            f"{kind} No. {rng.randint(1, 400)} in matter {case}",
            body,
            facts,
            f"\\\\x{rng.getrandbits(256):064x}",
            str(1_600_000_000 + rng.randint(0, 160_000_000)),
        )
        row = "\t".join((*map(escape, fields[:6]), *fields[6:])) + "\n"
        size += len(row)
        yield row
