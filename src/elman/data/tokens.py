"""Splitting text into words, in the same way as the data that a model was trained on.

A model knows only the words that its training data has. A tagger trained on UD English has seen *do* and *n't*, never
*don't*; a classifier trained on SST-2 has seen neither capitals nor full stops. A saved model therefore names the
tokeniser of its training data, and the commands split the user's text with the tokeniser of that name.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from unicodedata import category

from elman.errors import named

__all__ = ["TOKENISERS", "multi30k", "rt_polarity", "split_words", "sst2", "tokenise", "ud_english"]

BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)  # a line break of HTML is a space
PLAIN = re.compile(r"[^\W\d_]+(?=n't\b)|n't\b|'\w+|\w+(?:-\w+)*|[^\w\s]")

PREFIXES = (
    "ab ante anti arch bi co counter cross-functional de e ex extra inter intra macro mega micro mid mini multi neo "
    "non over pan para post pre pro pseudo psycho quasi re semi socio sub super supra trans tri ultra un uni vice x"
)
SUFFIXES = "esque fest fold gate itis less most rama wise"
ABBREVIATIONS = (
    "adm al apr approx arrv attn aug ave bldg blvd br bros capt cf cmdr co col corp dec dept dr drs ed eds eg est "
    "etc ext feb fig ft gen gov govt hon hr hrs inc jan jr lb lbs lt ltd maj messrs mfg min mins mr mrs ms mt mts "
    "mtg nov oct oz pp prof pt pvt rd rep reps rev sen sens sept sgt sr st sts tel tsp univ vol vs yr yrs"
)
DOMAINS = (
    "com net org edu gov mil int info biz io uk ca de fr eu au nz jp cn ru nl htm html "
    "php asp aspx jsp doc docx xls xlsx ppt pptx pdf txt rtf csv jpg jpeg gif png bmp zip gz exe mp3 mp4 avi url py"
)
SHORT = "w/out w/o w/ b/c b/t c/o n/a l/c i/c i/s"
JOINED = {  # written as one word, two in the treebank; after this many letters
    **dict.fromkeys(("cannot", "gonna", "wanna", "gotta", "outta", "gimme", "lemme"), 3),
    **dict.fromkeys(("dont", "cant", "wont"), 2),
    **dict.fromkeys(("didnt", "havent", "hasnt", "hadnt", "isnt", "arent", "wasnt", "doesnt", "couldnt", "wouldnt",
                     "werent", "shouldnt"), -2),
    **dict.fromkeys(("thats", "theres", "whats"), -1),
    **dict.fromkeys(("youre", "theyre", "youve", "weve", "theyve", "youll", "theyll"), -2),
    "im": 1, "ive": 1, "alot": 1, "aint": 2,
}  # fmt: skip


def _any(words: str) -> str:
    return "|".join(sorted(map(re.escape, words.split()), key=len, reverse=True))


_CLITIC = r"(?:'(?i:s|m|re|ve|ll|d)(?!\w))"
_NOT = r"(?i:n't)(?!\w)"
SST2 = re.compile(
    r"[^\W\d_]+(?=n't\b)|n't\b|'(?:s|m|re|ve|ll|d|em|til|n'|\d\ds?)(?!\w)|``|''|(?<!\w)ol'(?=\s)|\d+(?:,\d+)+"
    r"|\w[\w']*?(?='(?:s|m|re|ve|ll|d)\b)|\w+(?:'\w+)*|[`',]|[?!]+"
)
RT = re.compile(r'--|[^\s.,?!;:()"\u201c\u201d\u2014\u2013\u2026]+|\S')
QUOTE = re.compile(r'(?<![^\s(\[`])"(?=\S)|(?<!\S)"(?=\s[^"]*"(?!\w))')  # that opens
OPENS = re.compile(r"(?<!\S)'(?!(?:s|m|re|ve|ll|d|em|til|n)\b)(?=\w[^']*'(?!\w))")
JOINERS = "\u200c\u200d"
_LETTERS = r"[^\W\d_]"
UD = re.compile(
    rf"""
      (?:https?|ftp)://[^\s<>"]*[^\s<>".,;:!?)'\]]            # an address on the web
    | (?i:www)\.[^\s<>"]*[^\s<>".,;:!?)'\]]
    | (?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)*                   # an address for mail
    | (?<!\S)@\w[\w.]*\w                                      # a user's name
    | (?<!\S)\#(?=\w*[^\W\d])\w+                              # a topic
    | (?<![\w.]){_LETTERS}+(?:\.{_LETTERS}[\w-]*){{2,}}(?![\w.])(?<!\.\w)  # a news group
    | (?<![\w.-])\w[\w-]*(?:\.[\w-]+)*\.(?i:{_any(DOMAINS)})\b(?!\.\w)  # a site or a file
    | (?<!\w)(?i:{_any(SHORT)})(?![\w/])
    | [<>]?[:;=][-'^o]?(?:[)(\]\[|]+|[DPp3]\b|/(?!/))(?![\w,.]\w)(?!\w)   # emoticons
    | <3(?!\d)
    | (?<![\w.])\d{{1,3}}(?:-\d{{3}}){{0,3}}-\d{{4}}(?![\w-])       # a number of a telephone
    | (?<![\w.])\d+(?:/\d+){{1,2}}(?:-\d{{4}})?(?![\w/])      # a date
    | (?<!\w)[+](?=\d)\d+
    | (?<!\w)'\d\ds?(?!\w)                        # '60s
    | \d+(?=(?i:am|pm|hrs?|k|mm|cm|km|kg|[gmk]b|mph|mins?|yrs?|lbs?)(?<!MM)(?!\w))  # 5pm is 5 pm
    | \d+'s(?!\w)                                 # 80's
    | \d+(?:[.,:]\d+)+(?i:st|nd|rd|th|s|k|m|mm|b|bn)?(?!\w)
    | \d+(?:[.,:]\d+)+
    | \.\d+(?!\w)
    | (?<![\w.])(?:{_LETTERS}\.)+{_LETTERS}(?![\w'])\.?(?!\w) # U.S. and a.k.a
    | (?<![\w.])[A-HJ-Z]\.(?=\s+[A-Z])                        # an initial
    | (?<![\w.-])(?:(?i:{_any(ABBREVIATIONS)})|(?:No|no|Nos)(?=\.\s*\d))\.(?!\w)
    | [A-Z]+&[A-Z]+(?!\w)
    | (?<![\w-])(?i:{_any(PREFIXES)})-{_LETTERS}\w*(?=$|[^\w])
    | {_LETTERS}+-(?i:{_any(SUFFIXES)})(?!\w)
    | {_LETTERS}+(?={_NOT}) | {_NOT} | {_CLITIC}
    | (?<![\w']){_LETTERS}+(?:(?!{_CLITIC})'{_LETTERS}+)+(?={_CLITIC}|(?!\w))  # O'Neill
    | [^\W_]+
    | \.{{2,}} | [!?]{{2,}} | -{{2,}} | ={{2,}} | \*{{2,}} | _+ | \+{{2,}} | ~{{2,}} | <<+ | >>+ | '' | `` | \${{2,}}
    | \u2018\u2018
    | [^\w\s]
    """,
    re.VERBOSE,
)


def split_words(text: str) -> list[str]:
    """Split a text of any language at spaces and around punctuation; keep capitals and hyphens, split *isn't*.

    A typographic apostrophe becomes a plain one; a line break of HTML is a space.

    Example:
        >>> split_words("It isn't good, is it?")
        ['It', 'is', "n't", 'good', ',', 'is', 'it', '?']
    """
    return _words(PLAIN, BREAK.sub(" ", text.replace("\u2019", "'")))


def ud_english(text: str) -> list[str]:
    """Split an English text as the treebank UD English-EWT does.

    Contractions, hyphens and slashes are split; numbers, times, dates, abbreviations, addresses and emoticons are
    kept.
    Nothing but spaces and HTML's line breaks is lost, and a typographic apostrophe becomes a plain one.

    Example:
        >>> ud_english("DON'T pay $3.50 at 10:30 in the U.S.... :-)")
        ['DO', "N'T", 'pay', '$', '3.50', 'at', '10:30', 'in', 'the', 'U.S.', '...', ':-)']
    """
    found: list[str] = []
    for word in _words(UD, BREAK.sub(" ", text.replace("\u2019", "'"))):
        cut = JOINED.get(word.lower(), 0)
        found += [word[:cut], word[cut:]] if cut else [word]
    return found


def sst2(text: str) -> list[str]:
    """Split an English text as SST-2 is split: the Penn Treebank's words in lower case, most punctuation left out.

    Only commas, question and exclamation marks and quotation marks are kept; brackets become *lrb* and *rrb*.

    Example:
        >>> sst2('Not a "well-made" film (at $3.50)...')
        ['not', 'a', '``', 'well', 'made', "''", 'film', 'lrb', 'at', '3', '50', 'rrb']
    """
    text = BREAK.sub(" ", text.lower().replace("\u2018", "`").replace("\u2019", "'"))
    text = QUOTE.sub(" `` ", text).replace("\u201c", " `` ").replace("\u201d", '"').replace('"', " '' ")
    text = OPENS.sub(" ` ", text)
    text = re.sub(r"[(\[{]", " lrb ", re.sub(r"[)\]}]", " rrb ", text))
    return SST2.findall(re.sub(r"(?<!\S)can(?=not\b)", "can ", text))


def rt_polarity(text: str) -> list[str]:
    """Split an English text as rt-polarity is split: lower case, words with their apostrophes and hyphens.

    Example:
        >>> rt_polarity("It isn't a well-made film (really)...")
        ['it', "isn't", 'a', 'well-made', 'film', '(', 'really', ')', '.', '.', '.']
    """
    return RT.findall(BREAK.sub(" ", text.lower().replace("\u2019", "'")))


def multi30k(text: str) -> list[str]:
    """Split a sentence into words and punctuation marks in lower case, as the translators of this package read them.

    Example:
        >>> multi30k("The dog's there, it barks.")
        ['the', 'dog', "'s", 'there', ',', 'it', 'barks', '.']
    """
    return re.findall(r"'s\b|[\w-]+|[^\w\s]", text.lower())


TOKENISERS: Mapping[str, Callable[[str], list[str]]] = MappingProxyType(
    {
        "words": split_words,
        "spaces": str.split,
        "ud-english": ud_english,
        "sst2": sst2,
        "rt-polarity": rt_polarity,
        "multi30k": multi30k,
    }
)


def tokenise(name: str, text: str) -> list[str]:
    """Split a text with the tokeniser of a name.

    Args:
        name: ``"words"``, :func:`split_words`; ``"spaces"``, at spaces alone; ``"ud-english"``, :func:`ud_english`;
            ``"sst2"``, :func:`sst2`; ``"rt-polarity"``, :func:`rt_polarity`; ``"multi30k"``, :func:`multi30k`.
        text: any text.

    Raises:
        UnknownName: if there is no tokeniser of that name.

    Example:
        >>> tokenise("spaces", "as it is.")
        ['as', 'it', 'is.']
    """
    return TOKENISERS[named("tokeniser", name, TOKENISERS)](text)


def _words(pattern: re.Pattern[str], text: str) -> list[str]:
    """Return a pattern's words; a combining mark stays with the letters around it."""
    found: list[str] = []
    end, open_ = -1, False
    for match in pattern.finditer(text):
        word = match[0]
        mark = len(word) == 1 and not word.isascii() and (category(word)[0] == "M" or word in JOINERS)
        if found and match.start() == end and ((mark and found[-1][-1].isalpha()) or (open_ and word[0].isalnum())):
            found[-1] += word
        else:
            found.append(word)
        open_ = mark and len(found[-1]) > 1
        end = match.end()
    return found
