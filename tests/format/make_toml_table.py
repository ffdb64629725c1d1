#!/usr/bin/env python3
"""Write toml_table.h: documents and what Python's tomllib makes of them.

    python3 make_toml_table.py > toml_table.h

Expected values are JSON in which integers are {"i": "5"}, floats {"f": "0x1p-1"} (hexadecimal, or nan) and tables
{"t": {...}}; a document that tomllib refuses has NULL.
"""

import json
import math
import tomllib

DOCUMENTS = [
    # what a training job looks like
    'pretrained_model_name_or_path = "/models/sd15.safetensors"\nnetwork_dim = 16\nlearning_rate = 1e-4\n# done\n',
    '[general]\nenable_bucket = true\n\n[[datasets]]\nresolution = [512, 768]\n\n  [[datasets.subsets]]\n'
    '  image_dir = \'C:\\pictures\'\n  num_repeats = 10\n\n  [[datasets.subsets]]\n  image_dir = "b"\n',
    'optimizer_args = ["weight_decay=0.01", "betas=0.9,0.99",]\n',
    "",
    "\n\n",
    "# only a comment",
    "a = 1",
    "a=1\r\nb=2\r\n",
    "\ta\t=\t1\t# c\n",
    # keys
    "a.b.c = 1\na.b.d = 2\na.e = 3",
    'a . "b" . \'c d\' = 1',
    '"" = 1',
    '"é\\u00e9" = 1\n1234 = 2\n-_- = 3\n3.14 = 4',
    'true = 1\ninf = 2',
    "a = 1\na = 2",
    'a = 1\n"a" = 2',
    "a.b = 1\na = 2",
    "a = 1\na.b = 2",
    "a.b = 1\na.b.c = 2",
    "= 1",
    "a",
    "a =",
    "a = # c",
    "a. = 1",
    ".a = 1",
    "a..b = 1",
    "é = 1",
    'a"b" = 1',
    '"""a""" = 1',
    '"a\nb" = 1',
    "a = 1 b = 2",
    "a b = 1",
    "a = = 1",
    "a: 1",
    # strings
    r'a = "\b\t\n\f\r\"\\ \u00e9 \U0001F600"',
    r'a = "\x41"',
    r'a = "\e"',
    r'a = "\u12"',
    r'a = "\ud800"',
    r'a = "\U00110000"',
    r"a = 'C:\Users\x'",
    r'a = "C:\Users\x"',
    'a = "é 日本 😀"',
    'a = "x\ty"',
    'a = "x\x01y"',
    'a = "x\x7fy"',
    "a = 'x\x00y'",
    'a = "open\nb = 1',
    "a = 'open",
    "a = 'it''s'",
    'a = ""',
    "a = ''",
    'a = """"""',
    'a = """\nfirst\n\nsecond"""',
    'a = """\r\nfirst\r\nsecond\r\n"""',
    'a = """one \\\n    two \\   \n\n\t three"""',
    'a = """one \\ two"""',
    'a = """two quotes "" in and at the end"""""',
    'a = """too many at the end""""""',
    'a = """"a quote first"""',
    'a = """ \\""" """',
    'a = """open',
    'a = """tab\tok"""',
    'a = """\rbare"""',
    "a = '''\nraw \\n ''two'''''",
    "a = '''open''",
    # integers
    "a = [0, +0, -0, +7, -7, 1_000, 1_2_3]",
    "a = [0xFF, 0xdead_BEEF, 0o755, 0b1101_0110, 0x00]",
    "a = [9223372036854775807, -9223372036854775808, 0x7fffffffffffffff]",
    "a = 01",
    "a = -01",
    "a = 1__0",
    "a = _1",
    "a = 1_",
    "a = 0x",
    "a = 0x_1",
    "a = -0x1",
    "a = +0b1",
    "a = 0X1",
    "a = 0b2",
    "a = 0o8",
    "a = 0xg",
    "a = ++1",
    "a = 1a",
    # floats
    "a = [1.0, -1.5, +0.25, 0.0, -0.0, 3.1415, 1e6, 1E-6, 1e+06, 6.626e-34, 1_0.2_5, 1e1_0, 0e0]",
    "a = [inf, +inf, -inf, nan, +nan, -nan, 1e999, 5e-324, 1.7976931348623157e308]",
    "a = 1.",
    "a = .5",
    "a = 1.e5",
    "a = 1e",
    "a = 1e+",
    "a = 1_.5",
    "a = 1._5",
    "a = 1.5_",
    "a = 01.5",
    "a = 1e1.5",
    "a = Inf",
    "a = NaN",
    "a = 1,5",
    # booleans
    "a = [true, false]",
    "a = True",
    "a = FALSE",
    "a = truex",
    "a = yes",
    # arrays
    "a = []",
    "a = [[1, 2], ['a', \"b\"], [[]], {b = 1}]",
    "a = [ # c\n  1, # one\n  2\n  ,\n]",
    "a = [1,,2]",
    "a = [,1]",
    "a = [1 2]",
    "a = [1, 2",
    "a = [1]]",
    "a = [1, 'x', true, 1.5]",
    # inline tables
    "a = {}",
    "a = { b = 1, c.d = 2, c.e = [{}], 'f g' = {} }",
    "a = { b = 1, }",
    "a = { b = 1\n}",
    "a = { b = [\n1\n] }",
    "a = { b = 1 c = 2 }",
    "a = { b = 1, b = 2 }",
    "a = { b.c = 1, b = 2 }",
    "a = { b = {}, b.c = 1 }",
    "a = { , }",
    "a = {",
    "a = { b }",
    "a = {}\na.b = 1",
    "a = {b.c = 1}\n[a.b]",
    "a = {}\n[a.b]",
    "a = [{}]\n[[a]]",
    "a = []\n[[a]]",
    # tables
    "[a]\nb = 1\n[c]\nd = 2",
    "[a.b.c]\nx = 1\n[a]\ny = 2\n[a.b]\nz = 3",
    '[ a . "b" ]\nx = 1',
    "[a]\n[a]",
    "[a]\nb = 1\n[a.b]",
    "[a.b]\n[a]\nb = 1",
    "a = 1\n[a]",
    "[a]\nb.c = 1\n[a.b]",
    "[a]\nb.c = 1\n[a.b.d]",
    "[a.b.c]\nx = 1\n[a]\nb.c.y = 2",
    "[a.b.c]\nx = 1\n[a]\nb.d = 2",
    "a.b = 1\n[a]",
    "a.b = 1\n[a.c]",
    "[]",
    "[a",
    "[a]]",
    "[a] b = 1",
    "[a] # c",
    "[[a]",
    "[a.]",
    "[a\nb]",
    "[ [a]]",
    # arrays of tables
    "[[a]]\nb = 1\n[[a]]\nb = 2\n[[a]]",
    "[[a]]\n[[a.b]]\nx = 1\n[[a.b]]\nx = 2\n[[a]]\n[[a.b]]\nx = 3",
    "[[a]]\n[a.b]\nx = 1\n[[a]]\n[a.b]\nx = 2",
    "[[a]]\n[a]",
    "[a]\n[[a]]",
    "[a.b]\n[[a]]",
    "[[a.b]]\n[a]\nc = 1",
    "[[a.b]]\n[a]\nb.c = 1",
    "[[a]]\nb.c = 1\n[[a]]\nb.c = 2",
    "[[a]]\nb.c = 1\n[a.b]",
    "[[ a ]] # c\n",
    # whole texts
    "a = 1\rb = 2",
    "a = 1\x0b",
    "# \x01",
    "# tab\t é",
    "\x00",
]  # fmt: skip


def tagged(value):
    if isinstance(value, float):
        return {"f": "nan" if math.isnan(value) else "%s" % c_hex(value)}
    if isinstance(value, bool) or isinstance(value, str):
        return value
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, list):
        return [tagged(v) for v in value]
    return {"t": {k: tagged(v) for k, v in value.items()}}


def c_hex(value):
    """As C's %a writes it: no trailing zeros."""
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    mantissa, _, exponent = value.hex().partition("p")
    head, _, digits = mantissa.partition(".")
    digits = digits.rstrip("0")
    return f"{head}{'.' + digits if digits else ''}p{exponent}"


def c_string(data):
    out = ""
    for byte in data:
        char = chr(byte)
        out += "\\" + char if char in '"\\?' else char if 32 <= byte < 127 else f"\\{byte:03o}"
    return f'"{out}"'


def main():
    print("/* Made by make_toml_table.py with Python's tomllib; do not edit. */")
    print("/* clang-format off */")
    print("static const struct {\n    const char *text;\n    size_t size;\n    const char *json; /* NULL: refused */\n} toml_table[] = {")
    for document in DOCUMENTS:
        data = document.encode()
        try:
            value = tomllib.loads(document)
            text = c_string(json.dumps(tagged(value), ensure_ascii=False, separators=(",", ":")).encode())
        except tomllib.TOMLDecodeError:
            text = "NULL"
        print(f"    {{{c_string(data)}, {len(data)}, {text}}},")
    print("};\n/* clang-format on */")


main()
