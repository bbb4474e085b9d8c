#!/usr/bin/env python3
"""What `word-count --format jsonl` must print, sorted by byte: word_count.py FILE WINDOW_MS LINE_MS

Where Python and Rust differ, Rust's rule: lines end at b"\\n" alone, bad UTF-8 becomes U+FFFD, white
space is Unicode's White_Space (str.split would also cut at U+001C to U+001F). One rule is Python's:
isalnum() is false for alphabetic marks and circled letters, which Rust keeps at the ends of a word
(Devanagari vowel signs, say). The book has none of them."""
import collections, json, re, sys

WHITE_SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
path, window_ms, line_ms = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
counts = collections.Counter()
for i, line in enumerate(open(path, "rb")):
    start = i * line_ms // window_ms * window_ms
    for token in WHITE_SPACE.split(line.decode("utf-8", "replace").lower()):
        kept = [k for k, c in enumerate(token) if c.isalnum()]
        if kept:
            counts[start, token[kept[0] : kept[-1] + 1]] += 1
rows = ({"start_ms": s, "end_ms": s + window_ms, "word": w, "count": n} for (s, w), n in counts.items())
lines = sorted(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for row in rows)
sys.stdout.buffer.writelines(lines)
