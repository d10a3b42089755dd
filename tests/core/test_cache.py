"""The cache folder: what is kept is found again, and nothing is believed that others could have written."""

from __future__ import annotations

from pathlib import Path

import pytest

from gwdeployer import cache


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home" / "cache"
    monkeypatch.setenv(cache.VARIABLE, str(folder))
    return folder


def test_what_is_written_is_read_again(folder: Path) -> None:
    cache.write("name", b"data")
    assert cache.read("name") == b"data"
    assert cache.read("other") is None


def test_the_folder_and_its_files_are_the_users_alone(folder: Path) -> None:
    cache.write("name", b"data")
    (file,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


def test_without_a_folder_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, "")
    cache.write("name", b"data")
    assert not cache.is_there()
    assert cache.read("name") is None


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_to_which_others_may_write_is_neither_read_nor_written(folder: Path, mode: int) -> None:
    cache.write("name", b"data")
    folder.chmod(mode)
    cache.write("more", b"data")
    assert cache.read("name") is None
    assert len(list(folder.iterdir())) == 1


def test_a_file_to_which_others_may_write_is_not_read(folder: Path) -> None:
    cache.write("name", b"data")
    (file,) = folder.iterdir()
    file.chmod(0o620)
    assert cache.read("name") is None


def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    cache.write("name", b"data")
    (file,) = folder.iterdir()
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert cache.read("name") is None


@pytest.mark.parametrize("content", [b"", b"short", bytes(32), bytes(32) + b"data"])
def test_a_damaged_file_is_not_read_and_is_written_anew(folder: Path, content: bytes) -> None:
    cache.write("name", b"data")
    (file,) = folder.iterdir()
    file.write_bytes(content)
    assert cache.read("name") is None
    cache.write("name", b"data")
    assert cache.read("name") == b"data"


def test_a_folder_that_cannot_be_made_costs_nothing_but_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file" / "folder"))
    cache.write("name", b"data")
    assert cache.read("name") is None


def test_the_oldest_files_make_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MOST", 32)
    for number in range(40):
        cache.write(f"name-{number}", b"data")
    assert len(list(folder.iterdir())) == 32
    assert cache.read("name-39") == b"data"


def test_a_user_without_a_home_has_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert cache.users_folder() == ""
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/me")
    assert cache.users_folder() == "/var/cache/me/gwdeployer/kept"
