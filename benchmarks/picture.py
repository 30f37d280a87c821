"""The picture of run times in README.md: for each row how much longer the best peer takes, on a logarithmic axis."""
import html
import math

LEAST, MOST = 0.25, 4.0
LEFT, WIDTH, HEIGHT, TOP = 330, 420, 17, 40
FASTER, SLOWER, TEXT, LINE = "#2a7ab8", "#d9822b", "#57606a", "#d0d7de"


def place(ratio):
    """The x of a ratio."""
    return LEFT + WIDTH * math.log(min(MOST, max(LEAST, ratio)) / LEAST) / math.log(MOST / LEAST)


def speed_picture(rows):
    """SVG; `rows` are those of the suite cpu."""
    rows = [row for row in rows if "best_planned" in row]
    bottom = TOP + HEIGHT * len(rows)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 130} {bottom + 12}" font-family="sans-serif" font-size="11">',
             '<rect width="100%" height="100%" fill="white"/>']
    for ratio in (0.25, 0.5, 1, 2, 4):
        x = place(ratio)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom}" stroke="{TEXT if ratio == 1 else LINE}"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP - 12}" text-anchor="middle" fill="{TEXT}">{ratio:g}×</text>')
    parts.append(f'<text x="{place(1) + 6:.1f}" y="12" fill="{FASTER}">caten is faster →</text>')
    parts.append(f'<text x="{place(1) - 6:.1f}" y="12" text-anchor="end" fill="{SLOWER}">← the best peer is faster</text>')
    for number, row in enumerate(rows):
        best = row["best_planned"]
        y = TOP + HEIGHT * number
        x, one = place(best["ratio"]), place(1)
        colour = FASTER if best["ratio"] >= 1 else SLOWER
        parts.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end" fill="{TEXT}">{html.escape(row["what"])}</text>')
        parts.append(f'<rect x="{min(x, one):.1f}" y="{y + 3}" width="{abs(x - one):.1f}" height="{HEIGHT - 6}" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT + WIDTH + 8}" y="{y + 12}" fill="{TEXT}">{best["ratio"]:.2f}× {best["peer"]}</text>')
    return "\n".join(parts) + "\n</svg>\n"
