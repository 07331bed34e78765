"""Run as a program of its own: a form's data as JSON on standard input, the PDF (or one PNG after another) on output.

typst keeps what it has laid out in memory for later; in a process that ends, a form of a thousand lines leaves nothing
behind, and what takes too long can be stopped.
"""

import base64
import json
import sys

import typst


def main() -> int:
    """Exit 0 with the file on standard output; 3 when the form cannot be set to the standard asked for."""
    asked = json.loads(sys.stdin.buffer.read())
    compiler = typst.Compiler(
        input=asked["template"],
        root=asked["root"],
        font_paths=[asked["fonts"]],
        ignore_system_fonts=True,
        sys_inputs={"data": asked["data"]},
    )
    if asked["format"] == "png":
        pages = compiler.compile(format="png", ppi=asked["ppi"])
        pages = [pages] if isinstance(pages, bytes) else pages or []
        sys.stdout.write("\n".join(base64.b64encode(page).decode() for page in pages))
        return 0
    standards = [asked["standard"]] if asked["standard"] else []
    try:
        made = compiler.compile(format="pdf", pdf_standards=standards, timestamp=asked["timestamp"])
    except typst.TypstError as error:
        sys.stderr.write(str(error)[:2000])
        return 3 if standards else 4
    sys.stdout.buffer.write(made if isinstance(made, bytes) else b"")
    return 0


if __name__ == "__main__":
    sys.exit(main())
