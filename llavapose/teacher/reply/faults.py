"""What makes a reply, or one pair of it, unusable: refusals, texts cut off, other languages."""

import re

_I_CANNOT = (
    r"(?:i|we)(?: (?:can(?:no|['’]?)t|can not|could(?: not|n['’]t)|do(?: not|n['’]t)|(?:am|are) (?:not able|unable) to)"
    r"|['’](?:m|re) (?:not able|unable) to)"
)
_PICTURE = r"(?:the|this|that|any|an?|your|actual|provided|attached|uploaded|specific|individual|visual|original)"
_BLIND = re.compile(
    rf"\b{_I_CANNOT}(?: (?:directly|actually|currently|physically))?"
    rf" (?:see|view|access|open|look at|display|process|analy[sz]e|interpret|receive|perceive)(?: {_PICTURE}){{0,3}}"
    r" (?:images?|pictures?|photos?|photographs?|visual content)\b"
    r"|\bi (?:do(?: not|n['’]t) have|lack) (?:the )?(?:ability|capability|capacity|means|access)\b"
    r"|\b(?:no|without (?:an?|the)) (?:image|picture|photo) (?:was|is|has been|being|you)?\s?"
    r"(?:provided|attached|uploaded|given|shared)\b"
    r"|\bplease (?:provide|upload|share|attach|describe) (?:me )?(?:with )?(?:the|an?|your) (?:image|picture|photo)"
    r"|\bi(?:['’]d| would) (?:be (?:happy|glad) to|need)\b[^.\n]{0,60}\b(?:but|if you|need)\b[^.\n]{0,60}"
    r"\b(?:image|picture|photo|description|caption)",
    re.IGNORECASE,
)
_OPENS_AS_REFUSAL = re.compile(
    r"\W*(?:(?:i['’]m|i am|we['’]re|we are)(?: (?:so|very|really|terribly))? sorry\b|sorry\b|(?:my )?apologies\b"
    r"|i (?:must |do )?apologi[sz]e\b|i (?:must|have to|will have to|need to) (?:decline|refuse)\b|i decline\b"
    rf"|(?:unfortunately,? )?{_I_CANNOT} (?:assist|help|provide|comply|fulfil+|generate|create|describe|identify|answer"
    r"|continue|do that|participate|engage|discuss|determine who|recogni[sz]e)\b"
    r"|as an? (?:\w+[ -]){0,3}(?:ai|language model|llm|assistant)\b"
    r"[^.\n]{0,40}\bi (?:can|do|am|don|couldn|lack)|i won['’]t\b|i will not\b"
    r"|it(?: is|['’]s) (?:not possible|impossible) for me\b"
    r"|(?:this|that|the|your) (?:request|content|image) (?:violates|goes against|cannot be))",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"\b(?:a|an|the|and|or|but|of|to|in|on|at|by|for|from|with|without|into|onto|over|under|between|through|as|that|which"
    r"|who|whose|while|where|when|because|if|than|is|are|was|were|be|being|has|have|had|his|her|their|its|this|these"
    r"|those|also|both|such|like|very|more|slightly)\Z",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[ \t]*(?:[-*•+]|\d{1,3}[.)]|#{1,6}) ?")
_LATIN_END = 0x24F
_ENGLISH = re.compile(r"\b(?:the|an?|is|are|and|of|in|to|with|on|at|his|her|their|s?he|they|it|this|that|one|two)\b")


def refuses(text: str) -> bool:
    """Whether a model says that it will not or cannot answer, or that it sees no picture."""
    return bool(_OPENS_AS_REFUSAL.match(text) or _BLIND.search(text))


def is_cut(text: str, *, prose: bool) -> bool:
    """Whether a text stops before its end.

    Args:
        text: stripped.
        prose: whether full sentences are expected; else "Yes" and "a red shirt" are whole answers.
    """
    last = text.rpartition("\n")[2]
    if last.count("**") % 2 or text.endswith((",", ";", ":", "-", "–", "—", "(", "/", "&")):
        return True
    if not text[-1:].isalnum():
        return False
    if _DANGLING.search(text[-12:]):
        return True
    return not _ITEM.match(last) and (prose or len(last.split()) >= 12)


def is_foreign(text: str) -> bool:
    """Whether a text is surely not English: other letters, or a dozen words without a common English one."""
    letters = [sign for sign in text if sign.isalpha()]
    if sum(ord(sign) > _LATIN_END for sign in letters) > 0.3 * len(letters):
        return True
    return len(text.split()) >= 12 and not _ENGLISH.search(text.lower())


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ in case and punctuation at most."""
    return re.findall(r"\w+", one.lower()) == re.findall(r"\w+", other.lower())
