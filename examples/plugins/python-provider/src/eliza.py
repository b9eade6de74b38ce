"""A conversation in the manner of Weizenbaum's ELIZA (1966): patterns, and the user's own words turned round."""

import re

# What is said of oneself becomes what is said of the other, and the other way round.
TURNED = {
    "i": "you",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "am": "are",
    "was": "were",
    "i'm": "you are",
    "you": "I",
    "your": "my",
    "yours": "mine",
    "are": "am",
    "you're": "I am",
}

# The first pattern that is found answers; of its answers the one whose turn it is.
RULES = [
    (r"\bi need (.+)", ["Why do you need {0}?", "Would it really help you to get {0}?"]),
    (r"\bi(?: am|'m) (.+)", ["How long have you been {0}?", "How do you feel about being {0}?"]),
    (r"\bi (?:can't|cannot) (.+)", ["What makes you think you can't {0}?", "Have you tried to {0}?"]),
    (r"\bi (?:feel|felt) (.+)", ["Do you often feel {0}?", "When do you usually feel {0}?"]),
    (r"\bbecause (.+)", ["Is that the real reason?", "What other reasons come to mind?"]),
    (r"\bmy (.+)", ["Tell me more about your {0}.", "Why is your {0} important to you?"]),
    (r"\byou (.+)", ["We were discussing you, not me.", "Why do you say that I {0}?"]),
    (r"\?\s*$", ["Why do you ask that?", "What do you think?"]),
    (r"\b(?:hello|hi)\b", ["Hello. What would you like to talk about?"]),
    (r"", ["Please go on.", "How does that make you feel?", "Can you say more about that?"]),
]


def reply(said: list[str]) -> str:
    """The answer to the last of what the user has said so far; the same for the same conversation."""
    said = said or [""]
    last = said[-1].strip()
    for pattern, answers in RULES:
        if found := re.search(pattern, last, re.IGNORECASE):
            answer = answers[(len(said) - 1) % len(answers)]
            return answer.format(*(turned(group) for group in found.groups()))
    raise AssertionError("the last pattern is found in any text")


def turned(text: str) -> str:
    words = text.strip().rstrip(".!?,").split()
    return " ".join(TURNED.get(word.lower(), word) for word in words)
