"""The book: whole, well formed, self-contained, safe from what it quotes, and the same every time."""

import itertools
import json
import math
import random
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.lab.book import write_book
from elman.lab.findings import Claim, Curves, Findings, Heatmap, Passage, Series, Table, Verdict
from elman.lab.tunes import PIANO_ROLL

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
VOID = {"meta", "link", "br", "hr", "img", "input", "wbr"}
EVIL = '</script><script>alert(1)</script><img src="http://evil.example/x.png" onerror=alert(1)>"\'&\x00\x0b'
MACHINE = {"python": "3.11.9", "torch": "2.13.0", "processor": "x86_64, 2 cores"}
ANSWER = """\
An RNN layer maps `x_t` and `h_{t-1}` to `h_t = tanh(W x_t + U h_{t-1} + b)`.

1. `W` has H × I = 256 × 100 = 25,600 entries.
2. `U` has H × H = 65,536.
3. `b` has H = 256.

Together 91,392. *An LSTM has four such blocks*, hence 365,568."""
SAMPLE = f"""\
KING RICHARD:
What say you, my lord? the state of the world
Shall be the sea, and {"so the duke of York is come to me, " * 4}

QUEEN:
  I will."""


class Page(HTMLParser):
    """Reads a page strictly: every element must be closed in its turn."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> out of turn"

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.elements if "id" in attrs]


def counting() -> Findings:
    """A worked answer."""
    claim = Claim("lstm", "An LSTM has four times an RNN's weights.", "Exercise 15.2", at_least=4, at_most=4)
    return Findings(
        exercise="15.2", name="parameter-counting", title="How many parameters a recurrent layer has",
        article="How many parameters a recurrent layer has.\n\nCount the parameters of an RNN, a GRU and an "
        "LSTM layer with input size `I` and hidden size `H`, by hand and on real modules.\n\nMethod\n------\n"
        "There are two conventions:\n\n- *one* bias a gate, as in most papers: `g (H I + H H + H)`;\n"
        "- *two* biases a gate, as in PyTorch: `g (H I + H H + 2 H)`.\n\n"
        "The number of gates g is 1 for the RNN, 3 for the GRU, 4 for the LSTM::\n\n"
        "    sum(p.numel() for p in nn.LSTM(100, 256).parameters())\n\nA stack of layers adds them up.",
        summary="An LSTM of 256 units has 365,568 parameters, or 366,592 with PyTorch's second bias.",
        claims=[Verdict(claim, 4.0, 4.0, 4.0, 1, "holds", exact=True)],
        passages=[Passage("Worked answer", ANSWER)],
        tables=[Table(
            "Parameters of one layer, 100 inputs, 256 units",
            ["layer", "gates", "one bias", "two biases", "counted on the module", "agrees"],
            [["RNN", 1, 91_392, 91_648, 91_648, True], ["GRU", 3, 274_176, 274_944, 274_944, True],
             ["LSTM", 4, 365_568, 366_592, 366_592, True]],
            "PyTorch keeps two biases because its GPU kernels do.",
        )],
        command="elman study 15.2", environment=MACHINE, seconds=0.21,
        plan={"input_size": 100, "hidden_size": 256, "output_size": 50},
    )  # fmt: skip


def character_model() -> Findings:
    """A loss-curve study with samples."""
    noise, steps = random.Random(0), list(range(0, 4001, 100))
    curves = []
    for name, end in {"train": 1.42, "validation": 1.55}.items():
        y = [end + 2.6 * math.exp(-s / 500) + 0.015 * noise.random() for s in steps]
        curves.append(Series(name, steps, y, [v - 0.03 for v in y], [v + 0.03 for v in y]))
    curves.append(Series("5-gram", [0, 4000], [1.75, 1.75], style="dashed"))
    low = Claim("loss", "The validation loss is at most 1.6.", "Karpathy, char-rnn, 2015", "nats", at_most=1.6)
    words = Claim("words", "Most sampled words are English.", "Exercise 15.12", at_least=0.9)
    cold = Claim("cold", "Cold samples repeat themselves less than warm ones.", "a wrong guess", at_least=0)
    return Findings(
        exercise="15.12", name="char-lm", title="A character language model writes Shakespeare",
        article="A character language model writes Shakespeare.\n\nAn LSTM reads tinyshakespeare one letter "
        "at a time and predicts the next. What does the temperature do to it?\n\nThe validation "
        "loss is *carried* over the whole stream: `h_t` is never reset.",
        summary="The LSTM reaches 1.55 nats per character on validation text, 0.20 below a 5-gram.",
        claims=[Verdict(low, 1.551, 1.532, 1.570, 3, "holds"),
                Verdict(words, 0.905, 0.871, 0.939, 3, "undecided"),
                Verdict(cold, -0.31, -0.35, -0.27, 3, "does not hold")],
        passages=[Passage("Sample at temperature 0.5", SAMPLE, "sample")],
        tables=[Table("Validation loss", ["model", "nats per character", "bits per character", "parameters"],
                      [["unigram", 3.32, 4.79, 64], ["5-gram", 1.75, 2.525, None],
                       ["LSTM, 256 units", 1.5512, 2.238, 394_945]])],
        figures=[Curves("Loss while training", "step", "nats per character", curves,
                        caption="Bands: 95 % interval over three seeds. Dashed: counting five characters."),
                 Heatmap("Where the loss is", "position in the word", "kind of character",
                         [[2.1, 1.4, 0.9, 0.6], [2.4, 1.9, 1.5, 1.2], [0.4, 0.5, 0.6, 0.7]],
                         ["1", "2", "3", "4+"], ["lower case", "capital", "space"], "Mean nats.")],
        command="elman study 15.12 --seeds 3", environment=MACHINE, seconds=2431.0,
        plan={"hidden_size": 256, "temperatures": [0.2, 0.5, 1.0], "learning_rate": 0.002, "clip": True},
        failed=["lstm-seed3: the loss became NaN at step 812; the last good checkpoint is step 800"],
    )  # fmt: skip


def gradients() -> Findings:
    """Gradient curves over a logarithmic axis, with bands, and a larger heat map."""
    t = list(range(1, 101))
    decay = {"RNN, tanh": 0.12, "RNN, orthogonal": 0.012, "GRU": 0.045, "LSTM": 0.05, "LSTM, bias 1": 0.008}
    series = []
    for name, rate in decay.items():
        y = [math.exp(-rate * (100 - s)) for s in t]
        series.append(Series(name, t, y, [v / 1.6 for v in y], [v * 1.6 for v in y]))
    claim = Claim("vanish", "Within 100 steps it falls below 10⁻⁴.", "Bengio et al. 1994", at_most=1e-4)
    grid = [[math.sin(i / 3) * math.cos(j / 5) for j in range(40)] for i in range(24)]
    points = [Series("runs", [10, 30, 100, 300], [0.1, 0.2, 0.9, 1.4], style="points"),
              Series("random", [10, 300], [1.5, 1.5], style="points")]  # fmt: skip
    return Findings(
        exercise="15.18", name="gradient-flow", title="How far the gradient flows back",
        article="How far the gradient flows back.\n\nThe norm of `dL/dh_t` at every t.",
        summary="After 100 steps the tanh RNN keeps 7×10⁻⁶ of its gradient, an LSTM 0.45.",
        claims=[Verdict(claim, 7.1e-6, 4.4e-6, 1.1e-5, 5, "holds")],
        figures=[Curves("Gradient norm by step", "step t", "norm of dL/dh_t", series, log_y=True,
                        caption="Lower is forgotten."),
                 Curves("Loss and length", "length", "loss", points, log_x=True),
                 Heatmap("Hidden states", "step", "unit", grid, caption="Units sorted by period.")],
        command="elman study gradient-flow", environment=MACHINE, seconds=65.0,
    )  # fmt: skip


def hostile(text: str) -> Findings:
    """Findings that say one thing everywhere."""
    lines = [Series(text, [1, 2], [1, 2]), Series(text, [1], [math.nan])]
    return Findings(
        exercise=text, name=text, title=text, article=f"{text}\n\n{text}", summary=text,
        claims=[Verdict(Claim(text, text, text, text), 1.0, 0.5, 1.5, 3, "undecided")],
        passages=[Passage(text, text), Passage(text, text, "sample")],
        tables=[Table(text, [text], [[text, 1.0], [], [None]], text)],
        figures=[Curves(text, text, text, lines, caption=text),
                 Heatmap(text, text, text, [[1.0]], [text], [text], text)],
        command=text, plan={text: [text]}, environment={text: text}, failed=[text],
    )  # fmt: skip


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("book") / "book.html"
    return write_book([counting(), character_model(), gradients()], path).read_text("utf-8")


@pytest.fixture(scope="module")
def page(text) -> Page:
    return Page(text)


def check_sound(page: Page) -> None:
    """What every page must keep to."""
    assert len(page.ids) == len(set(page.ids)), "an id stands twice"
    for tag, attrs in page.elements:
        assert not any(name.startswith("on") for name in attrs), (tag, attrs)
        if tag != "a":
            for name in ("src", "href", "xlink:href", "data", "action"):
                assert (attrs.get(name) or "data:").startswith(("data:", "#")), (tag, attrs)
        elif (attrs["href"] or "").startswith("#"):
            assert (attrs["href"] or "")[1:] in page.ids, attrs
        for name in ("aria-labelledby", "aria-describedby"):
            assert set((attrs.get(name) or "").split()) <= set(page.ids), (tag, attrs)
    for drawing in page.all("svg"):
        assert drawing["role"] == "img"
        assert drawing["aria-labelledby"]


def test_the_page_is_well_formed_and_loads_nothing(page, text):
    check_sound(page)
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "url(http" not in text
    assert "@import" not in text
    assert [int(tag[1]) for tag, _ in page.elements if tag in ("h1", "h2")].count(1) == 1


def test_each_exercise_leads_to_its_neighbours_and_the_contents(text):
    navigation = re.findall(r'<nav class="back".*?</nav>', text, re.DOTALL)
    links = [re.findall(r'href="#([^"]+)"', one) for one in navigation]
    assert links == [["contents", "15.12"], ["contents", "15.2", "15.18"], ["contents", "15.12"]]


def test_headings_are_in_order_and_the_page_is_small(page, text):
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert next(attrs["lang"] for attrs in page.all("html")) == "en"
    assert [attrs["href"] for attrs in page.all("a")][:2] == ["#contents", "#exercises"]  # to skip what repeats
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", text)
    assert len(text) < 300_000


def test_a_quick_run_says_that_it_is_small(tmp_path):
    quick = replace(character_model(), command="elman study 15.12 --quick", plan={"seeds": 3})
    reported = write_book([quick, replace(counting(), command="elman study 15.2 --quick")], tmp_path / "b.html")
    assert "A quick run: 3 seeds, 41 min of processor time." in reported.read_text("utf-8")
    assert "1 of the exercises ran its quick plan" in reported.read_text("utf-8")  # a count is a count


def test_long_blanks_in_a_sample_are_told(tmp_path):
    findings = replace(counting(), passages=[Passage("Cold", " " * 1000 + "x", "sample")])
    assert "⟨1000 blanks⟩x" in write_book([findings], tmp_path / "b.html").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
def test_a_browser_opens_the_book_in_silence(tmp_path):
    path = write_book([counting(), character_model(), gradients()], tmp_path / "b.html")
    assert BROWSER is not None
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}",
                 "--enable-logging=stderr", "--v=0", "--dump-dom", f"{path.as_uri()}#15.2"]  # fmt: skip
    done = subprocess.run([BROWSER, *arguments], capture_output=True, text=True, timeout=600, check=True)
    assert "CONSOLE" not in done.stderr
    for expected in (
        "<title>15.2 How many parameters a recurrent layer has – The lab book</title>",
        "With one bias vector: ",  # computed in the page
        'aria-label="Switch to the ',
    ):
        assert expected in done.stdout


def test_each_exercise_can_be_linked_and_shows_its_verdicts(page):
    assert {"15.2", "15.12", "15.18"} <= set(page.ids)
    words = " ".join("".join(page.text).split())
    for expected in ("3 hold", "1 undecided", "✗ does not hold", "95 % interval 1.532 to 1.570, n = 3"):
        assert expected in words.replace("\u00a0", " ")
    assert "elman study 15.12 --seeds 3" in words
    assert "the loss became NaN at step 812" in words
    assert "365,568" in words


def test_every_figure_says_what_it_shows(page):
    drawn = [attrs["class"] for attrs in page.all("svg")]
    assert drawn == ["drawing roomy", "drawing slim"] * 5  # for a wide window and for a phone
    assert len(page.all("desc")) == 10
    assert any("validation: from" in part for part in page.text)


def test_the_same_findings_give_the_same_bytes(text, tmp_path):
    again = write_book([counting(), character_model(), gradients()], tmp_path / "again.html")
    assert again.read_text("utf-8") == text


def test_what_is_quoted_cannot_act(tmp_path):
    page = Page(write_book([hostile(EVIL)], tmp_path / "b.html", title=EVIL, notes=[EVIL]).read_text("utf-8"))
    check_sound(page)
    assert len(page.all("script")) == 2
    assert not page.all("img")


@settings(max_examples=8, deadline=None)
@given(st.text(max_size=40))
def test_any_text_makes_a_sound_page(tmp_path_factory, text):
    one = hostile(text)
    path = write_book([one, one], tmp_path_factory.mktemp("any") / "b.html")
    check_sound(Page(path.read_bytes().decode("utf-8")))


def test_a_figure_whose_numbers_do_not_fit_is_told_not_drawn(tmp_path):
    odd = Curves("Odd", "x", "y", [Series("line", [1, 2, 3], [1, 2])])
    findings = Findings(exercise="15.1", title="Odd", article="Odd.", summary="Odd.", figures=[odd])
    assert "has 3 x, 2 y" in write_book([findings], tmp_path / "b.html").read_text("utf-8")


def teaching(tmp_path) -> str:
    """A book of three studies with their texts, a picture and a tune."""
    from elman.studies import lessons

    beam = {"first": [0.4, 0.35, 0.2, 0.05], "after_a": [0.1, 0.3, 0.5, 0.1], "after_b": [0.6, 0.2, 0.05, 0.15],
            "after_c": [0.25] * 4, "width": 2}  # fmt: skip
    search = Findings("Greedy decoding writes A C.", exercise="15.8", name="beam-search", title="Beams", plan=beam)
    roll = Heatmap("A tune", "sixteenth", "pitch", [[2, 1, 0], [0, 0, 2]], (), ["D4", "C4"], unit=PIANO_ROLL)
    loss = Curves("Learning tunes", "update", "nats", [Series("loss", [1, 2], [3.0, 2.0])])
    steps = Curves("Intervals", "semitones", "share", [Series("real", [-1, 1], [0.5, 0.5])])
    music = Findings("A tune.", exercise="15.24", name="music", title="Tunes", figures=[loss, steps, roll])
    findings = [search, character_model(), music]
    return write_book(findings, tmp_path / "b.html", lessons=lessons()).read_text("utf-8")


def test_a_page_teaches(tmp_path):
    from elman.studies import lessons

    text = teaching(tmp_path)
    page = Page(text)
    check_sound(page)
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", text)
    words = " ".join("".join(page.text).split())
    for name in ("15.8-beam-search", "15.12-char-lm", "15.24-music"):
        lesson = lessons()[name]
        for passage in (lesson.exercise, lesson.meaning):
            assert " ".join(passage.split()) in words
    order = [text.index(part) for part in ("The exercise<", "Answer<", "A beam of width 2", "What this means")]
    assert order == sorted(order)
    assert "def pitch_scores(" in words
    assert [json.loads(one["data-notes"] or "") for one in page.all("button") if "data-notes" in one] == [
        [[0, 2, 62], [2, 1, 60]]
    ]
    tunes = text[text.index('id="15.24"') :]
    shown, folded = tunes.index("Intervals</strong>"), tunes.index("Learning tunes</strong>")
    assert shown < tunes.index("<details>") < folded


def test_the_cover_leads_to_every_claim_and_to_where_to_begin(text, page):
    cover = text[: text.index('id="contents"')]
    assert re.findall(r'href="#(all-[a-z-]+)"', cover) == ["all-holds", "all-does-not-hold", "all-undecided"]
    for who in ("An engineer", "A researcher", "A learner"):
        assert who in cover
    assert 'href="#15.18"' in cover
    claims = re.search(r'<details id="all-does-not-hold">(.*?)</details>', text, re.DOTALL)
    assert claims is not None
    assert re.findall(r"<li>.*?</li>", claims[1]) == [
        '<li><a href="#h15.12-claims">15.12</a> Cold samples repeat themselves less than warm ones.</li>'
    ]


def test_no_findings_no_book(tmp_path):
    with pytest.raises(ValueError, match="at least one study"):
        write_book([], tmp_path / "b.html")
