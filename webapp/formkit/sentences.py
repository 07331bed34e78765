"""What formkit tells the person who fills in a form, in both languages."""

from typing import Final

from webapp.formkit.lookups import Locale

SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "required": ("请填写{label}", "Enter: {label}"),
    "required_pick": ("请选择{label}", "Choose: {label}"),
    "required_check": ("须勾选「{label}」", "This must be ticked: {label}"),
    "required_file": ("请上传{label}", "Upload: {label}"),
    "required_signature": ("请在全文下键入本人姓名以示承诺", "Type your name below the text to accept it"),
    "one_value": ("这一项只能填一个值，收到 {n} 个", "This takes one value; {n} were sent"),
    "control": ("含有不可见的控制字符，请删去重填", "This contains control characters; type it again without them"),
    "too_short": ("至少 {n} 个字，现在 {got} 个", "At least {n} characters; this has {got}"),
    "too_long": ("最多 {n} 个字，现在 {got} 个", "At most {n} characters; this has {got}"),
    "pattern": ("格式不对，请对照说明改正", "This is not in the form asked for; see the note"),
    "number": ("请填数字，如 1200", "Enter a number, such as 1200"),
    "whole": ("请填整数", "Enter a whole number"),
    "decimals": ("最多 {n} 位小数", "At most {n} decimal places"),
    "too_low": ("不得小于 {n}", "Not below {n}"),
    "too_high": ("不得大于 {n}", "Not above {n}"),
    "date": ("请填真实的日期，如 2026-03-02", "Enter a real date, such as 2026-03-02"),
    "past": ("不得早于今天（{today}）", "Not before today ({today})"),
    "choice": ("「{value}」不在可选项中，请重选", "“{value}” is not one of the choices; choose again"),
    "twice": ("同一选项选了两次", "One option was chosen twice"),
    "checkbox": ("勾选框的值不对，请重新勾选", "The tick was not understood; tick again"),
    "no_unit": ("没有可选的单位「{value}」，请重选", "There is no unit “{value}” to choose; choose again"),
    "no_person": ("没有查到「{value}」，请用姓名或工号再查", "Nobody found for “{value}”; search by name or number"),
    "no_account": (
        "没有可选的账号「{value}」，请用名称或备案号再查",
        "There is no account “{value}” to choose; search by name or filing number",
    ),
    "several": ("「{value}」有 {n} 个结果，请在下面选定一个", "“{value}” gives {n} results; choose one below"),
    "wrong_kind": ("「{value}」不属于这一项要求的类别", "“{value}” is not of the kind asked for here"),
    "no_file": ("有附件已不存在或不属于本件，请重新上传", "An attachment no longer exists here; upload it again"),
    "too_many_files": ("最多 {n} 个附件，现在 {got} 个", "At most {n} attachments; there are {got}"),
    "file_type": ("「{name}」的类型不收，只收 {accept}", "The type of “{name}” is not accepted, only {accept}"),
    "sheet_problems": (
        "表里 {got} 行中有 {n} 行不合要求，一行也没有收下。请照下面所列改好，再上传",
        "{n} of the {got} rows are refused, and none was taken. Put right what is listed below and upload again",
    ),
    "sheet_rows": ("{name}，{n} 行", "{name}, {n} rows"),
    "signature": ("请键入本人姓名「{name}」", "Type your own name, “{name}”"),
    "too_few_rows": ("至少 {n} 行，现在 {got} 行", "At least {n} rows; there are {got}"),
    "too_many_rows": ("最多 {n} 行，现在 {got} 行，请删去多余的", "At most {n} rows; there are {got}. Remove some"),
    "not_applicable": (
        "「{label}」在此情形下不需填写，填的内容没有收下，请核对后再提交",
        "“{label}” is not needed in this case; what was entered there was left out. Check and submit again",
    ),
    "unexpected": (
        "收到表单里没有的字段：{names}。请刷新页面重填",
        "Fields the form does not have: {names}. Reload the page",
    ),
    "yes": ("是", "Yes"),
    "no": ("否", "No"),
    "row": ("{label} 第 {n} 行", "{label}, row {n}"),
    "accepted": ("{name} 已承诺", "Accepted by {name}"),
}


def say(locale: Locale, key: str, **values: object) -> str:
    """One sentence of the catalogue, its places filled in."""
    return SENTENCES[key][1 if locale == "en" else 0].format(**values)


def shortened(value: str, most: int = 40) -> str:
    """A typed value for quoting in a sentence: one line, at most `most` characters."""
    line = " ".join(value.split())
    return line if len(line) <= most else line[: most - 1] + "…"
