"""Finding the files of a release: every layout, and what is said when it is none."""

from __future__ import annotations

import io
import os
import re
import stat
import tarfile
import zipfile

import pandas as pd
import pytest
from carms_lib.exceptions import (
    ArgumentError,
    CorruptSourceError,
    DroppedWarning,
    SourceError,
    SourceNotFoundError,
    UnsafeSourceError,
)
from carms_lib.loaders import archives, load_release
from carms_lib.loaders.archives import ArchiveLimits, Budget, open_archive

TABLES = ("discipline", "program_master", "page", "section")


def tarred(files: dict[str, bytes], mode: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def assert_same(release, other):
    for table in TABLES:
        pd.testing.assert_frame_equal(release[table], other[table])


@pytest.fixture
def reference(small, tmp_path):
    return load_release(small.with_pages().write(tmp_path / "reference"))


def test_the_reference_holds_both_programs(reference):
    assert reference["page"]["document_id"].tolist() == ["1503-101", "1503-102"]
    assert reference.origin == "folder (Markdown files)"


@pytest.mark.parametrize("folder", ["", "program_descriptions/", "a/b/c/"])
def test_pages_may_lie_in_any_near_folder(small, tmp_path, reference, folder):
    assert_same(load_release(small.with_pages(folder).write(tmp_path / "x")), reference)


@pytest.mark.parametrize("folder", ["", "program_descriptions/"])
def test_pages_may_lie_in_an_archive(small, tmp_path, reference, folder):
    release = load_release(small.with_page_archive(folder).write(tmp_path / "x"))
    assert_same(release, reference)
    assert release.origin == "folder (Markdown archive)"
    assert release.sources["file"].tolist()[2] == "program_descriptions.zip"


def test_everything_may_lie_in_one_zip(build, small, tmp_path, reference):
    for release in (small.with_pages(), small.with_page_archive()):
        archive = tmp_path / "all.zip"
        archive.write_bytes(build.zipped({f"release/{name}": content for name, content in release.files.items()}))
        found = load_release(archive)
        assert_same(found, reference)
        assert found.origin.startswith("zip (Markdown")


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [(".tar", "w"), (".tar.gz", "w:gz"), (".tgz", "w:gz"), (".tar.bz2", "w:bz2"), (".tar.xz", "w:xz")],
)
def test_everything_may_lie_in_one_tar(small, tmp_path, reference, suffix, mode):
    archive = tmp_path / f"all{suffix}"
    archive.write_bytes(
        tarred({f"./release/{name}": content for name, content in small.with_pages().files.items()}, mode)
    )
    found = load_release(str(archive))
    assert_same(found, reference)
    assert found.origin == "tar (Markdown files)"


def test_a_byte_order_mark_is_no_part_of_the_page(build, programs, tmp_path):
    small = build.SmallRelease.of(programs[0])
    plain = load_release(small.with_pages().write(tmp_path / "plain"))
    marked = small.with_file("p/1503-101.md", b"\xef\xbb\xbf" + programs[0].page_bytes())
    assert_same(load_release(marked.write(tmp_path / "marked")), plain)


def test_litter_of_the_operating_system_is_passed_over(small, tmp_path, reference):
    littered = small.with_pages()
    for name in ("__MACOSX/._1503-101.md", ".DS_Store", "program_descriptions/.1503-101.md", "~$1503_discipline.xlsx"):
        littered = littered.with_file(name, b"x")
    assert_same(load_release(littered.write(tmp_path / "x")), reference)


def test_two_releases_in_one_folder_are_told_apart(small, tmp_path, reference):
    both = small.with_pages()
    for name in ("1503_discipline.xlsx", "1503_program_master.xlsx"):
        both = both.with_file(name.replace("1503", "1612"), both.files[name])
    both = both.with_file("program_descriptions/1612-101.md", both.files["program_descriptions/1503-101.md"])
    folder = both.write(tmp_path / "x")
    assert_same(load_release(folder), reference)
    other = load_release(folder, release_id="1612")
    assert other.release_id == "1612"
    assert other["page"]["document_id"].tolist() == ["1612-101"]
    with pytest.raises(SourceError, match=r"holds the releases 1503, 1612 and none is release_id='1700'"):
        load_release(folder, release_id="1700")


def test_the_only_release_is_taken_whatever_its_id(small, tmp_path):
    renamed = {name.replace("1503", "1612"): content for name, content in small.with_pages().files.items()}
    from dataclasses import replace

    release = load_release(replace(small, files=renamed).write(tmp_path))
    assert release.release_id == "1612"
    assert release["page"]["document_id"].tolist() == ["1612-101", "1612-102"]


def test_markdown_beside_the_pages_that_is_no_page_is_told_of(small, tmp_path):
    folder = small.with_pages().with_file("program_descriptions/1503-103 (1).md", b"x").write(tmp_path)
    with pytest.warns(DroppedWarning, match=r"1 Markdown files beside the pages are left out.*1503-103 \(1\)\.md"):
        release = load_release(folder)
    assert len(release["page"]) == 2


def test_a_readme_is_no_page(small, tmp_path, reference):
    assert_same(
        load_release(small.with_pages("").with_file("README.md", b"# Read me").write(tmp_path / "x")), reference
    )


def test_one_page_twice_is_two_rows(small, tmp_path, programs):
    folder = small.with_pages().with_file("old/1503-101.md", programs[0].page_bytes()).write(tmp_path)
    assert load_release(folder)["page"]["document_id"].tolist() == ["1503-101", "1503-101", "1503-102"]


def test_pages_without_master_row_and_the_reverse_are_kept(build, programs, tmp_path):
    small = build.SmallRelease.of(programs[0]).with_file("p/1503-102.md", programs[1].page_bytes())
    release = load_release(small.write(tmp_path))
    assert release["program_master"]["program_stream_id"].tolist() == ["101"]
    assert release["page"]["program_stream_id"].tolist() == ["102"]


# --- what is not a release ---------------------------------------------------------------------------------------


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(SourceNotFoundError, match="does not exist") as caught:
        load_release(tmp_path / "nowhere")
    assert isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize("path", ["x" * 5_000, "a\0b", "~nobody-of-that-name/release", "a/" * 3_000])
def test_a_path_that_no_file_could_have(path):
    with pytest.raises(SourceNotFoundError, match="does not exist") as caught:
        load_release(path)
    assert len(str(caught.value)) < 500


def test_the_folder_in_which_one_stands_has_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceNotFoundError, match=r"^\. is not the folder or archive of a release"):
        load_release(".")


@pytest.mark.parametrize("path", [1503, ["a"], b"folder"])
def test_a_path_of_another_type(path):
    with pytest.raises(ArgumentError, match="give the folder or archive of a release as str or Path"):
        load_release(path)


def test_a_file_that_is_neither_folder_nor_archive(small, tmp_path):
    folder = small.write(tmp_path)
    with pytest.raises(SourceError, match="is neither a folder nor a zip or tar archive"):
        load_release(folder / "1503_discipline.xlsx")


def test_a_wrong_folder_is_told_what_is_there_and_what_is_expected(tmp_path):
    for number in range(7):
        (tmp_path / f"photo{number}.jpg").write_bytes(b"")
    with pytest.raises(SourceNotFoundError) as caught:
        load_release(tmp_path)
    message = str(caught.value)
    assert "photo0.jpg, photo1.jpg, photo2.jpg, photo3.jpg, photo4.jpg and 2 more" in message
    assert "<id>_program_master.xlsx" in message
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceNotFoundError, match="Found: nothing"):
        load_release(tmp_path / "empty")


@pytest.mark.parametrize("name", ["1503_discipline.xlsx", "1503_program_master.xlsx"])
def test_a_missing_workbook_is_named(small, tmp_path, name):
    with pytest.raises(SourceNotFoundError, match=f"has no {re.escape(name)}"):
        load_release(small.with_pages().without(name).write(tmp_path))


def test_missing_pages_are_named(small, tmp_path):
    with pytest.raises(SourceNotFoundError, match="has no pages of release 1503"):
        load_release(small.write(tmp_path))


def test_two_different_workbooks_for_one_table(build, small, tmp_path):
    other = build.workbook([{"discipline_id": "1", "discipline": "Another"}])
    folder = small.with_pages().with_file("old/1503_discipline.xlsx", other).write(tmp_path)
    with pytest.raises(SourceError, match=r"2 different files for one table: 1503_discipline\.xlsx, old/"):
        load_release(folder)


def test_the_same_workbook_twice_is_one(small, tmp_path, reference):
    twice = small.with_pages().with_file("copy/1503_discipline.xlsx", small.files["1503_discipline.xlsx"])
    assert_same(load_release(twice.write(tmp_path / "x")), reference)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "latin-1"])
def test_pages_in_another_encoding_are_one_error(small, tmp_path, programs, encoding):
    text = programs[1].markdown().replace("\u2019", "'")
    folder = small.with_pages().with_file("program_descriptions/1503-102.md", text.encode(encoding)).write(tmp_path)
    with pytest.raises(CorruptSourceError, match=r"1 of 2 page files are not UTF-8: program_descriptions/1503-102\.md"):
        load_release(folder)


def test_a_broken_link_is_not_lost(small, tmp_path):
    folder = small.with_pages().write(tmp_path)
    (folder / "program_descriptions" / "1503-103.md").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SourceError, match=r"1503-103\.md cannot be read"):
        load_release(folder)


def test_a_pipe_is_not_waited_for(small, tmp_path, reference):
    folder = small.with_pages().write(tmp_path / "x")
    os.mkfifo(folder / "program_descriptions" / "1503-103.md")
    assert_same(load_release(folder), reference)


# --- hostile or damaged archives ---------------------------------------------------------------------------------


@pytest.fixture(params=["outer", "inner"])
def load_zip(request, small, build, tmp_path):
    """Load a release whose pages, or which as a whole, are in the given zip."""

    def load(content: bytes):
        if request.param == "inner":
            return load_release(small.with_file("program_descriptions.zip", content).write(tmp_path))
        place = tmp_path / "release.zip"
        place.write_bytes(content)
        return load_release(place)

    return load


def zip_with(entries) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for info, content in entries:
            archive.writestr(info, content)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["../1503-101.md", "a/../../1503-101.md", "..\\1503-101.md", "a/.."])
def test_an_entry_that_climbs_out(load_zip, name):
    with pytest.raises(UnsafeSourceError, match="climbs out of the folder"):
        load_zip(zip_with([(zipfile.ZipInfo(name), b"x")]))


@pytest.mark.parametrize("name", ["/etc/1503-101.md", "\\1503-101.md", "C:\\1503-101.md", "c:1503-101.md"])
def test_an_absolute_entry(load_zip, name):
    with pytest.raises(UnsafeSourceError, match="has an absolute path"):
        load_zip(zip_with([(zipfile.ZipInfo(name), b"x")]))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_device_in_a_zip(load_zip, kind):
    info = zipfile.ZipInfo("program_descriptions/1503-101.md")
    info.external_attr = (kind | 0o644) << 16
    with pytest.raises(UnsafeSourceError, match="is a link or a device"):
        load_zip(zip_with([(info, b"/etc/passwd")]))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_link_or_device_in_a_tar(tmp_path, kind):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("1503-101.md")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    (tmp_path / "release.tar").write_bytes(stream.getvalue())
    with pytest.raises(UnsafeSourceError, match="is a link or a device"):
        load_release(tmp_path / "release.tar")


@pytest.mark.parametrize("name", ["../x.md", "/x.md"])
def test_an_entry_of_a_tar_that_leaves(tmp_path, name):
    (tmp_path / "release.tar.gz").write_bytes(tarred({name: b"x"}, "w:gz"))
    with pytest.raises(UnsafeSourceError):
        load_release(tmp_path / "release.tar.gz")


def test_a_zip_that_expands_without_end(load_zip, build):
    bomb = build.zipped({"program_descriptions/1503-101.md": b"\x00" * (20 * 2**20)})
    assert len(bomb) < 100_000
    with pytest.raises(UnsafeSourceError, match="expands more than 200 times"):
        load_zip(bomb_in_release(build, bomb))


def bomb_in_release(build, bomb: bytes) -> bytes:
    """A zip that holds workbooks and the bomb's entry, so that both ways of loading come to read it."""
    release = build.SmallRelease.of(build.Program("101"))
    with zipfile.ZipFile(io.BytesIO(bomb)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return build.zipped({**release.files, **files})


def test_headers_that_lie_about_the_size_do_not_help(build, monkeypatch):
    content = bytearray(build.zipped({"1503-101.md": b"\x00" * 50_000}))
    limits = ArchiveLimits(ratio_from_bytes=1_000, ratio=10)
    # the sizes stated in the local header and in the directory, set to one byte
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.index(signature) + offset
        content[place : place + 4] = (1).to_bytes(4, "little")
    (entry,) = open_archive("lying.zip", bytes(content), Budget(limits))
    with pytest.raises((UnsafeSourceError, CorruptSourceError)):
        entry.read()


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (ArchiveLimits(n_entries=2), "holds more than 2 entries"),
        (ArchiveLimits(entry_bytes=2**20), "expands to more than 1 MiB"),
        (ArchiveLimits(total_bytes=3 * 2**20), "expands to more than 3 MiB in all"),
    ],
)
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_every_limit_holds_in_every_archive(build, limits, message, kind):
    files = {f"{number}.md": os.urandom(2**20 + 1) for number in range(3)}
    content = build.zipped(files) if kind == "zip" else tarred(files, "w:gz" if kind.endswith("gz") else "w")
    with pytest.raises(UnsafeSourceError, match=message):
        [entry.read() for entry in open_archive(f"a.{kind}", content, Budget(limits))]


# private: a release of hundreds of thousands of files is not written for a test
FEW_ENTRIES = ("carms_lib.loaders._files.LIMITS", ArchiveLimits(n_entries=10))


def test_an_archive_in_an_archive_counts_too(build, tmp_path, monkeypatch):
    inner = build.zipped({f"1503-{number}.md": b"x" for number in range(8)})
    files = {**build.SmallRelease.of(build.Program("101")).files, "program_descriptions.zip": inner}
    (tmp_path / "release.zip").write_bytes(build.zipped(files))
    monkeypatch.setattr(*FEW_ENTRIES)
    with pytest.raises(UnsafeSourceError, match="holds more than 10 entries"):
        load_release(tmp_path / "release.zip")


def test_a_folder_with_too_many_files_is_not_searched_on(tmp_path, monkeypatch):
    for number in range(12):
        (tmp_path / f"{number}.txt").write_bytes(b"")
    monkeypatch.setattr(*FEW_ENTRIES)
    with pytest.raises(SourceError, match="holds more than 10 files"):
        load_release(tmp_path)


@pytest.mark.parametrize("keep", [0, 10, 200, -30])
def test_a_truncated_zip(load_zip, build, small, keep):
    whole = build.zipped(small.with_pages().files)
    with pytest.raises(CorruptSourceError, match="cannot be read as an archive"):
        load_zip(whole[:keep])


def test_a_zip_with_a_damaged_entry(build, small, tmp_path):
    whole = bytearray(small.with_page_archive().files["program_descriptions.zip"])
    with zipfile.ZipFile(io.BytesIO(bytes(whole))) as archive:
        info = archive.infolist()[0]
    place = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    whole[place : place + 8] = b"\xff" * 8
    with pytest.raises(CorruptSourceError, match=r"1503-101\.md"):
        load_release(small.with_file("program_descriptions.zip", bytes(whole)).write(tmp_path))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_a_truncated_tar(small, tmp_path, mode, share):
    whole = tarred(small.with_pages().files, mode)
    (tmp_path / "release.tar.gz").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CorruptSourceError, match="cannot be read as an archive"):
        load_release(tmp_path / "release.tar.gz")


def test_a_tar_that_stops_between_two_entries_is_not_taken_for_a_shorter_one(small, tmp_path):
    files = small.with_pages().files
    without_last = tarred(dict(list(files.items())[:-1]), "w").rstrip(b"\x00")
    at_boundary = without_last + b"\x00" * (-len(without_last) % 512)
    (tmp_path / "release.tar").write_bytes(at_boundary)
    with pytest.raises(CorruptSourceError, match="stops without the mark of its end"):
        load_release(tmp_path / "release.tar")


def test_an_encrypted_zip(load_zip, build):
    content = bytearray(build.zipped({"program_descriptions/1503-101.md": b"x"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    with pytest.raises(CorruptSourceError, match="is encrypted"):
        load_zip(bytes(content))


def test_an_archive_that_is_something_else(tmp_path):
    for name in ("release.zip", "release.tar", "release.tgz"):
        (tmp_path / name).write_bytes(b"<html>404</html>" * 100)
        with pytest.raises(CorruptSourceError, match="cannot be read as an archive"):
            load_release(tmp_path / name)


def test_the_limits_leave_room_for_a_release():
    assert archives.LIMITS.n_entries > 10 * 815
    assert archives.LIMITS.total_bytes > 10 * 28_000_000
