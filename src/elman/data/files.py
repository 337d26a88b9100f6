"""Finding the files of a data set: in ``ELMAN_DATA``, in the user's cache, or at their source.

Every file is verified by its checksum before it is used.
"""

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from elman.data.catalogue import DataFile, DataSet, find_set
from elman.data.errors import DataError, NotHere
from elman.files import usual_mode

__all__ = ["Where", "cache_folder", "checksums", "fetch", "find", "where"]

Where = Literal["ELMAN_DATA", "cache", "not here"]
TIMEOUT = 10  # seconds without an answer


def cache_folder() -> Path:
    """Return the folder for downloads: ``ELMAN_CACHE``, or the user's cache folder."""
    given = os.environ.get("ELMAN_CACHE")
    if given:
        return Path(given)
    import pooch

    return Path(pooch.os_cache("elman"))


def where(data_set: DataSet) -> Where:
    """Return where all files of a set are, without reading them."""
    for place, folder in _places():
        if all((folder / file.path).is_file() for file in data_set):
            return place
    return "not here"


def checksums(name: str, *paths: str) -> dict[str, str]:
    """Return the name of a data set with its checksum, ``{name: sha256}``; ``{}`` if it is not on this machine.

    Args:
        name: name of the set.
        paths: the files that are needed; default all. For several files, the checksum of their checksums is returned.

    Raises:
        UnknownName: if no set has this name.
    """
    data_set = find_set(name)
    files = [_file(data_set, path) for path in paths] or list(data_set)
    if not all(any((folder / file.path).is_file() for _, folder in _places()) for file in files):
        return {}
    sums = " ".join(file.sha256 for file in files)
    return {name: sums if len(files) == 1 else hashlib.sha256(sums.encode()).hexdigest()}


def find(data_set: DataSet, path: str = "") -> Path:
    """Return one file of a set if this machine has it, verified.

    Args:
        data_set: the set.
        path: the file below the set's folder; default its first.

    Raises:
        NotHere: if the file is neither in ``ELMAN_DATA`` nor in the cache.
        DataError: if its checksum is wrong.
    """
    file = _file(data_set, path)
    for _, folder in _places():
        found = folder / file.path
        if found.is_file():
            _verify(found, file)
            return found
    raise NotHere(f"{file.path} is not on this machine; {_advice(file)}")


def fetch(data_set: DataSet, progress: bool = True) -> list[Path]:
    """Return all files of a set, verified; missing files are downloaded into the cache.

    Args:
        data_set: the set.
        progress: show a bar while downloading.

    Raises:
        NotHere: if a file is missing and cannot be downloaded; the message says how to get it.
        DataError: if a checksum is wrong.
    """
    paths = []
    for file in data_set:
        try:
            paths.append(find(data_set, file.path.removeprefix(f"{data_set.folder}/")))
        except NotHere:
            paths.append(_download(file, progress))
    return paths


def _download(file: DataFile, progress: bool) -> Path:
    if file.url is None:
        raise NotHere(f"{file.path} differs from its source and cannot be downloaded; {_advice(file)}")
    import pooch
    import requests

    target = cache_folder() / file.path
    get: Any = pooch.HTTPDownloader(progressbar=progress, timeout=TIMEOUT)
    pooch.get_logger().setLevel("ERROR")
    try:
        found = Path(pooch.retrieve(file.url, f"sha256:{file.sha256}", target.name, target.parent, downloader=get))
    except requests.RequestException as error:  # some are also ValueErrors
        raise NotHere(f"{file.path}: the download failed: {_cause(error)}; {_advice(file)}") from None
    except ValueError:
        raise NotHere(f"{file.path}: the downloaded file has another checksum; {_advice(file)}") from None
    found.chmod(usual_mode())  # pooch makes it readable by its owner only
    return found


def _cause(error: Any) -> str:
    """Return why a request failed, in words, with the host."""
    from http import HTTPStatus
    from urllib.parse import urlsplit

    from requests import exceptions as kinds

    if isinstance(error, kinds.HTTPError) and error.response is not None:
        number = error.response.status_code
        words = f" ({HTTPStatus(number).phrase})" if number in set(HTTPStatus) else ""
        return f"the server answered {number}{words}"
    host = urlsplit(getattr(error.request, "url", None) or "").hostname or "the server"
    if isinstance(error, kinds.ProxyError):
        return "the proxy cannot be used; check HTTPS_PROXY and HTTP_PROXY"
    if isinstance(error, kinds.SSLError):
        return f"{host} showed no certificate that this machine trusts"
    if isinstance(error, kinds.Timeout):
        return f"{host} did not answer within {TIMEOUT} seconds"
    if isinstance(error, kinds.ConnectionError):
        return f"there is no connection to {host}"
    return " ".join(str(error).split())[:200] or type(error).__name__


def _places() -> list[tuple[Where, Path]]:
    given = os.environ.get("ELMAN_DATA")
    if given and not Path(given).is_dir():
        raise DataError(
            f"ELMAN_DATA is {given!r}, which is not a folder; set it to the folder of the data sets, or unset it"
        )
    own: list[tuple[Where, Path]] = [("ELMAN_DATA", Path(given))] if given else []
    return [*own, ("cache", cache_folder())]


def _file(data_set: DataSet, path: str) -> DataFile:
    for file in data_set:
        if path in ("", file.path.removeprefix(f"{data_set.folder}/")):
            return file
    raise KeyError(f"{data_set.title} has no file {path!r}")


def _advice(file: DataFile) -> str:
    get = f"download {file.url} and put it" if file.url else "put it"
    return f"{get} at {cache_folder() / file.path}, or set ELMAN_DATA to a folder that contains {file.path}"


def _verify(path: Path, file: DataFile) -> None:
    try:
        status = path.stat()
        found = _sha256(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if found != file.sha256:
        raise DataError(
            f"{path} is damaged or another version: got sha256 {found[:12]}..., expected {file.sha256[:12]}...; "
            f"got {status.st_size:,} bytes, expected {file.bytes:,}; delete it and fetch it again"
        )


@lru_cache(maxsize=1024)
def _sha256(path: Path, size: int, changed: int) -> str:
    """Return a file's checksum; the cached value is valid while size and time stay the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
