#!/usr/bin/env python3
"""The translations: complete, nothing guessed, with the conversions of the original, and made from every source.

    translations.py ROOT

Prints TAP. What it finds is mended by `./dev po`, and by translating what that adds to po/LANGUAGE.po.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

MARKED = re.compile(r"\b(_|N_|C_|NC_|NP_|ngettext|g_dngettext|lk_fail|lk_text)\(")


def lines(path):
    """Lines of a list, without comments."""
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip() and not line.startswith("#")]


def unlisted(root):
    """Sources with words for people that po/POTFILES.in does not name."""
    listed = set(lines(root / "po" / "POTFILES.in"))
    sources = (path for path in sorted((root / "src").rglob("*")) if path.suffix in (".c", ".h", ".blp"))
    named = ((path.relative_to(root).as_posix(), path) for path in sources)
    return [name for name, path in named if name not in listed and MARKED.search(path.read_text(encoding="utf-8"))]


def gone(root):
    """Files that po/POTFILES.in names and that are not there."""
    return [name for name in lines(root / "po" / "POTFILES.in") if not (root / name).is_file()]


def faults_of_format(catalogue):
    """What msgfmt says about conversions, plural forms and the header."""
    run = subprocess.run(["msgfmt", "--check", "-o", "/dev/null", str(catalogue)], capture_output=True, text=True)
    return run.stderr.strip().split("\n") if run.returncode else []


def unfinished(catalogue):
    """Entries without a translation, and those that a tool guessed."""
    found = []
    for option in ("--untranslated", "--only-fuzzy"):
        run = subprocess.run(["msgattrib", option, "--no-obsolete", "--no-wrap", str(catalogue)],
                             capture_output=True, text=True, check=True)
        found += [line for line in run.stdout.split("\n") if line.startswith("msgid ") and line != 'msgid ""']
    return found


# One word for a thing: what Chinese texts of the window, the help and the documents do not say, and what they say for it.
CHINESE = {"计算机": "电脑", "家族": "系列", "(?<!采)样图": "采样图", "装(不|得)下": "放不下、放得下", "留出图片": "验证图片", "摆动": "震荡",
           "图像文件": "图片文件", "训练规划": "训练计划", "点击": "按、单击", "触发字": "触发词"}
# Words of the mainland, and what conversions of characters get wrong.
TAIWAN = {"文件夾": "資料夾", "程序": "程式", "[軟硬固]件": "軟體、硬體、韌體", "網絡": "網路", "信息": "資訊、訊息", "分辨率": "解析度",
          "數據": "資料", "默認": "預設", "內存|顯存": "記憶體", "屏幕": "螢幕", "鼠標": "滑鼠", "字[符節]": "字元、位元組", "支持": "支援",
          "保存": "儲存", "加載": "載入", "當前": "目前", "質量": "品質", "底模": "基礎模型", "型別": "類型", "引數": "參數", "[圖影]象|圖像": "影像",
          "[最總多]隻|唯讀取": "只", "[采採]樣": "取樣", "更改": "變更", "應用(?!程式)": "套用", "最佳化器": "優化器", "臺": "台", "檢檢": "檢",
          "驅動(?!程式)": "驅動程式", "命令(?!列)": "指令", "[“”]": "「」"}
TWICE = "万与丰么价优体几听坏宁异扰据机极构确离种网胜触适"
WORDS = {"zh_CN": CHINESE, "zh_TW": TAIWAN}
HAN = "[\u4e00-\u9fff]"
SPACING = re.compile(f"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}|{HAN}[,;:!?]|[，。：；！？] |\\.\\.\\.|{HAN}\\.$")
# Formats, tags, lists and quotations of what is typed, dates, and where one sentence is put before another.
TYPED = re.compile(r"%[^%\s]*?[a-zA-Z](?:PRI[a-z0-9]+>)?|<[^>]*>|\[[^\]]*\]|“[^”]*”|「[^」]*」|\\[ntr\"]|\(_.\)|宽,高|寬,高|\S+;\S+;\S*|<lora:名称> 的 名称\.safetensors")


def simplified(text):
    """Characters that Big5, Taiwan's own set, does not have, and those that it has for other words: simplified ones."""
    return [sign for sign in text if re.match(HAN, sign) and (sign in TWICE or not sign.encode("big5", "ignore"))]


def faults_of_chinese(texts, language):
    """Texts with a word that has another one here, or with the characters, space or punctuation of another language."""
    for text in texts:
        for word, instead in WORDS[language].items():
            if re.search(word, text):
                yield f"{text}  ({word}: {instead})"
        if language == "zh_TW" and simplified(text):
            yield f"{text}  (simplified: {''.join(simplified(text))})"
        plain = TYPED.sub(lambda found: "·" * len(found[0]), text)
        if found := SPACING.search(plain):
            yield f"{text}  ({found[0]})"


def translations(catalogue):
    """Everything that a catalogue says, a line each."""
    run = subprocess.run(["msgattrib", "--no-obsolete", "--no-wrap", str(catalogue)], capture_output=True, text=True, check=True)
    taken = False
    for line in run.stdout.split("\n")[1:]:
        taken = line.startswith("msgstr") or taken and line.startswith('"')
        if taken:
            yield line[line.index('"') + 1:-1]


def pages(root, language):
    """The lines of the Chinese help and documents, without examples and the names of languages."""
    documents = [root / f"README.{language}.md", root / f"docs/guide.{language}.md"]
    for path in [*sorted((root / "data/help" / language).glob("*.md")), *filter(Path.is_file, documents)]:
        text = re.sub(r"^```.*?^```|^    .*?$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        yield from re.sub(r"\[[简繁][体體]中文\]|`[^`]*`|\]\([^)]*\)|[*#|_]+", "·", text).split("\n")


BROKEN = '''msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

#, c-format
msgid "%d steps"
msgstr "%s 步"

msgid "Without"
msgstr ""

#, fuzzy
msgid "Guessed"
msgstr "猜测"
'''


def finds_faults():
    """The checks are worth something: they find what is wrong on purpose."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "po").mkdir()
        (root / "src").mkdir()
        (root / "po" / "POTFILES.in").write_text("# list\nsrc/gone.c\n", encoding="utf-8")
        (root / "src" / "new.c").write_text('puts(_("Hello"));\n', encoding="utf-8")
        (root / "src" / "mute.c").write_text("int call_(void);\n", encoding="utf-8")
        catalogue = root / "po" / "broken.po"
        catalogue.write_text(BROKEN, encoding="utf-8")
        yield unlisted(root) == ["src/new.c"], "a source that is not listed is found"
        yield gone(root) == ["src/gone.c"], "a listed source that is gone is found"
        yield bool(faults_of_format(catalogue)), "a conversion that differs is found"
        yield unfinished(catalogue) == ['msgid "Without"', 'msgid "Guessed"'], "missing and guessed translations are found"
        wrong = ["这台计算机", "用LoRA 训练", "请重试,谢谢", "完成。 然后"]
        right = ["这台电脑用 LoRA 训练", "%s请写 <lora:名称:1>，例如“宽,高”。", "第 %<PRId64>/%<PRId64> 步，约 %d%%"]
        yield (len(list(faults_of_chinese(wrong, "zh_CN"))) == len(wrong) and not list(faults_of_chinese(right, "zh_CN")),
               "clumsy Chinese is found")
        wrong = ["載入文件夾", "這是体檢", "用LoRA 訓練", "更多信息", "最多隻能"]
        right = ["載入資料夾", "用 LoRA 訓練，例如「寬,高」。", "只能在應用程式中使用"]
        yield (len(list(faults_of_chinese(wrong, "zh_TW"))) == len(wrong) and not list(faults_of_chinese(right, "zh_TW")),
               "and of Taiwan's, simplified characters and words of the mainland")


def main():
    root, count, failed = Path(sys.argv[1]), 0, 0

    def check(good, title, details=()):
        nonlocal count, failed
        count, failed = count + 1, failed + (not good)
        for detail in details:
            print("#", detail)
        print(f"{'ok' if good else 'not ok'} {count} - {title}")

    missing, absent = unlisted(root), gone(root)
    check(not missing, "po/POTFILES.in names every source with words for people", missing)
    check(not absent, "po/POTFILES.in names nothing that is gone", absent)
    for language in lines(root / "po" / "LINGUAS"):
        catalogue = root / "po" / f"{language}.po"
        faults, open_entries = faults_of_format(catalogue), unfinished(catalogue)
        check(not faults, f"{language}: conversions and plural forms are those of the original", faults)
        check(not open_entries, f"{language}: everything is translated, nothing is guessed", open_entries)
    for language in WORDS:
        chinese = list(faults_of_chinese([*translations(root / f"po/{language}.po"), *pages(root, language)], language))
        check(not chinese, f"{language} has one word for a thing, and its own punctuation", chinese)
    for good, title in finds_faults():
        check(good, title)
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
