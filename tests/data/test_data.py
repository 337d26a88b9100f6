"""The data room: what is found is verified, what is not is said in one line, and texts are texts."""

import hashlib
import os
import sys
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from elman import data
from elman.data import files
from elman.data.catalogue import DataFile, about
from elman.errors import UnknownName


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A machine without data: both places are empty folders."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("ELMAN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ELMAN_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def tiny(empty):
    """A data set of one file with known content, and where it belongs in ELMAN_DATA."""
    content = b"some text"
    digest = hashlib.sha256(content).hexdigest()
    place = empty / "data" / "folder" / "file.txt"
    place.parent.mkdir(parents=True)
    return (
        data.DataSet("Tiny", "none", "none", "tests", "folder", ("a/b@c",), f"{digest} 9 file.txt -"),
        place,
        content,
    )


@pytest.mark.parametrize("name", data.all_sets())
def test_every_set_is_declared_whole(name):
    s = data.find_set(name)
    assert all((s.title, s.licence, s.citation, s.serves, s.folder, s.sources, about(name)))
    assert list(s)
    for file in s:
        assert len(file.sha256) == 64
        assert int(file.sha256, 16) >= 0
        assert file.bytes > 0
        assert file.path.startswith(s.folder)
        assert file.url is None or file.url.startswith("https://")
    assert len({file.path for file in s}) == len(list(s))


@pytest.mark.skipif("ELMAN_DATA" not in os.environ, reason="needs the real files")
@pytest.mark.parametrize("name", data.all_sets())
def test_real_files_have_their_checksums(name):
    s = data.find_set(name)
    if data.where(s) == "not here":
        pytest.skip("not in ELMAN_DATA")
    assert len(data.fetch(s)) == len(list(s))
    assert sum(path.stat().st_size for path in data.fetch(s)) == s.bytes


def test_the_listing_needs_no_torch():
    import subprocess

    code = "import elman.data as d, sys; d.all_sets(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_found_in_its_places_in_order(tiny, tmp_path):
    s, place, content = tiny
    assert data.where(s) == "not here"
    cached = tmp_path / "cache" / "folder" / "file.txt"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(content)
    assert (data.where(s), data.find(s)) == ("cache", cached)
    place.write_bytes(content)
    assert (data.where(s), data.find(s)) == ("ELMAN_DATA", place)


def test_one_changed_byte_is_found_even_after_a_good_read(tiny):
    s, place, content = tiny
    place.write_bytes(content)
    data.find(s)
    place.write_bytes(b"some texT")
    with pytest.raises(data.DataError, match=r"file.txt is damaged .* got sha256 \w{12}..., expected \w{12}"):
        data.find(s)


def test_not_here_says_how_to_get_it(tiny, tmp_path):
    with pytest.raises(data.NotHere, match=r"put it at .*cache/folder/file.txt, or set ELMAN_DATA"):
        data.find(tiny[0])
    with pytest.raises(data.NotHere, match=r"differs from its source and cannot be downloaded"):
        data.fetch(tiny[0])


def test_offline_fetch_is_one_line(empty, monkeypatch):
    import pooch
    import requests

    def offline(*_, **__):
        raise requests.ConnectionError("no route to host\nat all")

    monkeypatch.setattr(pooch, "retrieve", offline)
    with pytest.raises(
        data.NotHere,
        match=r"failed: there is no connection to the server; download https://.*input.txt and put it at",
    ) as raised:
        data.fetch(data.find_set("tinyshakespeare"))
    assert "\n" not in str(raised.value)


def test_a_download_with_another_checksum_is_refused(empty, monkeypatch):
    import pooch

    def wrong(self, url, output_file, *_, **__):
        Path(output_file).write_bytes(b"something else")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", wrong)
    with pytest.raises(data.NotHere, match="the downloaded file has another checksum"):
        data.fetch(data.find_set("tinyshakespeare"), progress=False)
    assert not list((empty / "cache").rglob("*.txt"))


class Answers(BaseHTTPRequestHandler):
    """The content at ``/good``, and a page with the number asked for elsewhere."""

    def do_GET(self):
        good = self.path == "/good"
        self.send_response(200 if good else int(self.path[1:]))
        self.end_headers()
        self.wfile.write(b"some text" if good else b"sorry")

    def log_message(self, *_):
        pass


@pytest.fixture
def server(empty, monkeypatch):
    """Return a function that downloads one path from a server on this machine."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        sha256 = hashlib.sha256(b"some text").hexdigest()
        yield lambda path: files._download(
            DataFile("folder/file.txt", 9, sha256, f"http://127.0.0.1:{server.server_port}{path}"), progress=False
        )
        server.shutdown()


def test_a_download_has_the_usual_permissions(server):
    path = server("/good")
    own = path.with_name("own")
    own.touch()
    assert path.read_bytes() == b"some text"
    assert path.stat().st_mode == own.stat().st_mode


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a socket that urllib3 leaves open
@pytest.mark.parametrize(
    ("path", "proxy", "said"),
    [
        ("/404", None, "the server answered 404 (Not Found)"),
        ("/503", None, "the server answered 503 (Service Unavailable)"),
        ("/299", None, "the downloaded file has another checksum"),
        ("/good", "http://127.0.0.1:1", "the proxy cannot be used; check HTTPS_PROXY and HTTP_PROXY"),
        ("/good", "http://", "Please check proxy URL"),
        ("/good", "nonsense://127.0.0.1", "Proxy URL had unsupported scheme nonsense"),
    ],
)
def test_a_download_that_fails_says_why(server, monkeypatch, path, proxy, said):
    if proxy:
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("no_proxy", "")
    with pytest.raises(data.NotHere) as raised:
        server(path)
    reason = str(raised.value).partition("; download http")[0]
    assert said in reason, reason
    assert ("checksum" in reason) == ("checksum" in said)
    assert "\n" not in reason


def test_unknown_names():
    with pytest.raises(UnknownName, match="no data set 'sst'; did you mean sst2"):
        data.find_set("sst")
    with pytest.raises(data.DataError, match=r"no text 'tinyshakespear': .*did you mean tinyshakespeare"):
        data.text("tinyshakespear")


def test_texts(empty, monkeypatch):
    pydoc = data.text("pydoc")
    assert len(pydoc.text) > 300_000
    assert data.text("auto") == pydoc
    own = empty / "own.txt"
    own.write_bytes("\ufeffline\r\nöther".encode())
    text = data.text(str(own))
    assert (text.name, text.text) == ("own.txt", "line\nöther")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no text"),
        (b" \n\t", "holds no text"),
        (b"a", "holds only the character 'a'"),
        (b"aaaa", "holds only the character 'a'"),
        (b"PK\x03\x04\x00", "is not text: it holds a zero byte at offset 4"),
        (b"gr\xfc\xdfe", "is not UTF-8: byte 0xfc at offset 2"),
        (None, "is a folder; give a text file"),
    ],
)
def test_what_is_no_text(tmp_path, content, message):
    path = tmp_path / "file"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(data.DataError, match=message):
        data.text(str(path))


def test_split_is_contiguous_and_leaves_nothing_out():
    text = "".join(map(chr, range(97, 123)))
    training, validation = data.split(text)
    assert training + validation == text
    assert len(training) == 23
    with pytest.raises(data.DataError, match="a text of 5 characters is too short to be split at 90%"):
        data.split("abcde")


def test_the_cache_folder_can_be_chosen(empty):
    assert files.cache_folder() == empty / "cache"


def test_the_checksum_of_a_set_that_is_here(tiny, monkeypatch):
    one, place, content = tiny
    digest = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(files, "find_set", lambda name: one)
    assert data.checksums("tiny") == {}
    place.write_bytes(content)
    assert data.checksums("tiny") == data.checksums("tiny", "file.txt") == {"tiny": digest}
    two = replace(one, files=f"{one.files}\n{digest} 9 other.txt -")
    monkeypatch.setattr(files, "find_set", lambda name: two)
    assert data.checksums("tiny") == {}, "a part of it is missing"
    assert data.checksums("tiny", "file.txt") == {"tiny": digest}
    place.with_name("other.txt").write_bytes(content)
    both = hashlib.sha256(f"{digest} {digest}".encode()).hexdigest()
    assert data.checksums("tiny") == {"tiny": both}
