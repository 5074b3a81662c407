"""Makes assets/font.ttf: the outlines of Liberation Sans that Striate's pictures write with.

    python scripts/font.py LiberationSans-Regular.ttf     (of Liberation 2; fonttools needed)

Liberation Sans has the widths of Helvetica and Arial, which the SVG files name, so that both forms of a picture look the same.
Its licence (SIL Open Font License 1.1, beside the font) asks that a changed font has another name.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

CHARACTERS = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x100)])) + "–—‘’“”…•−≈≠≤≥∂∑∏√∞∆∫←↑→↓ΓΔΘΛΣΦΨΩαβγδεηθκλμνπρστφχψω₀₁₂₃₄₅₆₇₈₉"

source = sys.argv[1]
target = Path(__file__).parent.parent / "crates/striate-cli/assets/font.ttf"
options = subset.Options(hinting=False, layout_features=[], notdef_outline=True, name_IDs=[1, 2, 4, 6], drop_tables=["DSIG"])
options.drop_tables += ["GDEF", "GPOS", "GSUB", "kern", "gasp", "post", "OS/2", "FFTM", "PCLT", "VDMX", "LTSH", "hdmx"]
font = TTFont(source)
cutter = subset.Subsetter(options)
cutter.populate(text=CHARACTERS)
cutter.subset(font)
font["name"].names = []
font["name"].setName("Striate Sans", 1, 3, 1, 0x409)
font.save(target)
missing = [c for c in CHARACTERS if ord(c) not in font.getBestCmap()]
print(f"{target.stat().st_size} bytes; without {missing}")
