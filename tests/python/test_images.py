"""Commits that outlive the process: pushed, pulled, cloned, and checked out, at once or lazily."""

from __future__ import annotations

import gc
import hashlib
import http.server
import os
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Program

import cleave

PAGE = cleave.PAGE_SIZE

try:
    cleave.LazyImages("/nonexistent", PAGE)
except cleave.UnsupportedError as error:
    pytest.skip(str(error), allow_module_level=True)
except cleave.Error:
    pass


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[cleave.Repository]:
    with cleave.Repository.create(tmp_path / "store") as repository:
        yield repository


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def content(n: int) -> bytes:
    return n.to_bytes(8, "little") * (PAGE // 8)


def space_of(pool: cleave.Pool, pages: dict[int, int]) -> cleave.Space:
    space = cleave.Space(pool)
    space.map(256 * PAGE, 0)
    for page, number in pages.items():
        space.write(page * PAGE, content(number))
    return space


PAGES = {n: n + 1 for n in range(192)}


def push(repository: cleave.Repository, pool: cleave.Pool, pages: dict[int, int] = PAGES) -> cleave.PushedImage:
    return repository.push(space_of(pool, pages).snapshot(), "main", message="a space")


def can_restore_lazily() -> bool:
    try:
        cleave.try_tracking("async")
    except cleave.UnsupportedError:
        return False
    return True


def push_arena(repository: cleave.Repository, pool: cleave.Pool) -> cleave.PushedImage:
    """An arena whose address is free again then."""
    with cleave.Arena(pool, 64 * PAGE) as arena:
        for n in range(64):
            arena.memory[n * PAGE : (n + 1) * PAGE] = content(n + 1)
        pushed = repository.push(
            arena.commit("ready", payload=b"its own"), "warm", root_object=arena.address + 8, layout=3
        )
    gc.collect()
    return pushed


def test_a_commit_comes_back(repository: cleave.Repository, pool: cleave.Pool) -> None:
    pushed = push(repository, pool)
    assert pushed.pages_put == 192 and pushed.bytes_put > 0
    assert repository.refs() == [cleave.ImageRef("main", pushed.id, 1)]
    assert repository.resolve("main") == pushed.id == repository.resolve(pushed.id)
    record = repository.record(pushed.id)
    assert (record.kind, record.pages, record.message) == ("space", 192, "a space")
    assert record.regions == [cleave.Region(range(0, 256 * PAGE), "read_write")]
    space = repository.checkout(pool, pushed.id)
    assert space.read(0, PAGE) == content(1)
    assert space.read(200 * PAGE, PAGE) == bytes(PAGE)


def test_only_what_has_changed_is_pushed_again(repository: cleave.Repository, pool: cleave.Pool) -> None:
    space = space_of(pool, PAGES)
    first = repository.push(space.snapshot(), "main")
    space.write(7 * PAGE, content(1000))
    second = repository.push(space.snapshot(), "main", since=first)
    assert second.pages_put == 1
    assert repository.history(second.id) == [second.id, first.id]
    assert repository.diff(first.id, second.id) == [range(7 * PAGE, 8 * PAGE)]
    with pytest.raises(cleave.NotPermittedError):
        repository.push(space.snapshot(), "main", since=first)
    with pytest.raises(cleave.NotPermittedError):
        repository.push(space.snapshot(), "main", expected="")
    repository.push(space.snapshot(), "other", expected="")


def test_repositories_share(repository: cleave.Repository, pool: cleave.Pool, tmp_path: Path) -> None:
    first = push(repository, pool)
    there = repository.clone(tmp_path / "copy")
    assert there.refs() == repository.refs()
    second = push(repository, pool, {0: 5})
    there.pull(repository, "main")
    assert there.resolve("main") == second.id
    assert there.history(second.id) == [second.id, first.id]
    there.pull(repository)
    assert there.verify().problems == []
    with pytest.raises(cleave.AlreadyExistsError):
        repository.clone(tmp_path / "copy")
    with pytest.raises(cleave.BadArgumentError):
        there.pull(there)


def test_a_repositorys_folder_may_have_any_name(tmp_path: Path) -> None:
    name = tmp_path / os.fsdecode(b"no\xffUTF-8")
    cleave.Repository.create(name).close()
    assert os.listdir(name)
    cleave.Repository(name).close()


def test_a_folder_that_cannot_be_looked_at_is_told_from_none(tmp_path: Path) -> None:
    with pytest.raises(cleave.NotMappedError, match="no such folder"):
        cleave.Repository(tmp_path / "absent")
    with pytest.raises(cleave.InputOutputError, match="cannot be looked at"):
        cleave.Repository(tmp_path / ("long" * 99))


def test_a_repository_is_what_others_see(store: Path, repository: cleave.Repository, pool: cleave.Pool) -> None:
    pushed = push(repository, pool)
    program = f"""
import cleave, sys
repository = cleave.Repository({os.fspath(store)!r}, read_only=True)
space = repository.checkout(cleave.Pool(cleave.MiB), repository.resolve("main"))
sys.stdout.write(repository.resolve("main") + str(int.from_bytes(space.read(9 * 4096, 8), "little")))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=600)
    assert (ran.stdout, ran.stderr) == (pushed.id + "10", "")


def test_what_is_forgotten_is_collected(repository: cleave.Repository, pool: cleave.Pool) -> None:
    push(repository, pool)
    repository.forget("main")
    assert repository.collect().candidates == 1
    assert repository.collect().condemned == 1
    assert repository.collect().removed == 1
    assert repository.collect().packs == 0


def test_an_arena_comes_back(repository: cleave.Repository, pool: cleave.Pool) -> None:
    pushed = push_arena(repository, pool)
    record = repository.record(pushed.id)
    assert (record.kind, record.payload, record.layout) == ("arena", b"its own", 3)
    with repository.checkout_arena(pool, pushed.id) as arena:
        assert arena.address + 8 == record.root_object
        assert arena.head.payload == b"its own"
        assert bytes(arena.memory[5 * PAGE : 6 * PAGE]) == content(6)
        assert arena.missing == 0 and arena.fetch() == 0
        with pytest.raises(cleave.AlreadyMappedError):
            repository.checkout_arena(pool, pushed.id)


def test_pages_come_when_they_are_touched(store: Path, repository: cleave.Repository, pool: cleave.Pool) -> None:
    pushed = push(repository, pool)
    images = cleave.LazyImages(store, cleave.MiB)
    with images.checkout(images.resolve("main")) as lazy:
        assert lazy.commit == pushed.id
        assert lazy.progress() == cleave.LazyProgress(192, 0)
        assert lazy.recall() == 0
        assert lazy.space.read(9 * PAGE, PAGE) == content(10)
        assert lazy.space.read(255 * PAGE, PAGE) == bytes(PAGE)
        assert lazy.progress() == cleave.LazyProgress(192, 1)
        assert lazy.remember() == 1
        assert any(ref.name.startswith("readers/") for ref in repository.refs())
    with images.checkout(pushed.id) as lazy:
        assert lazy.recall() == 1
        thread = threading.Thread(target=lazy.complete)
        thread.start()
        thread.join()
        assert lazy.progress() == cleave.LazyProgress(192, 192)
        lazy.stop()
        assert lazy.complete() == 0
    gc.collect()
    assert not any(ref.name.startswith("readers/") for ref in repository.refs())


def test_what_came_lazily_is_pushed_without_being_fetched(store: Path, repository: cleave.Repository, pool: cleave.Pool) -> None:
    push(repository, pool)
    images = cleave.LazyImages(store, cleave.MiB)
    lazy = images.checkout(images.resolve("main"))
    before = lazy.pushed()
    assert before.id == lazy.commit
    lazy.space.write(3 * PAGE, content(1000))
    after = repository.push(lazy.space.snapshot(), "main", since=before)
    assert after.pages_put == 1
    assert lazy.progress().had == 0
    assert repository.diff(before.id, after.id) == [range(3 * PAGE, 4 * PAGE)]


def test_a_page_that_cannot_be_had_is_an_error(store: Path, repository: cleave.Repository, pool: cleave.Pool) -> None:
    push(repository, pool)
    images = cleave.LazyImages(store, cleave.MiB, lease=False)
    lazy = images.checkout(images.resolve("main"))
    packs = store / "packs"
    packs.rename(store / "away")
    with pytest.raises(cleave.InputOutputError) as error:
        lazy.space.read(9 * PAGE, 8)
    assert error.value.address == 9 * PAGE
    (store / "away").rename(packs)
    assert lazy.space.read(9 * PAGE, PAGE) == content(10)


@pytest.mark.skipif(not can_restore_lazily(), reason="lazy arenas need async tracking: cleave doctor says why not")
def test_an_arenas_pages_come_when_they_are_touched(store: Path, repository: cleave.Repository, pool: cleave.Pool) -> None:
    pushed = push_arena(repository, pool)
    images = cleave.LazyImages(store, cleave.MiB)
    with images.checkout_arena(pushed.id, patience=30) as lazy:
        arena = lazy.arena
        assert arena.missing == 64
        assert arena.memory[5 * PAGE] == 6
        assert arena.missing == 63
        assert arena.fetch(8 * PAGE, 2 * PAGE) == 2
        arena.memory[0] = 77
        before = lazy.pushed()
        after = repository.push(arena.commit(), "warm", since=before)
        assert after.pages_put == 1
        assert repository.diff(before.id, after.id) == [range(arena.address, arena.address + PAGE)]
        assert lazy.complete() > 0
        assert arena.missing == 0
        assert bytes(arena.memory[63 * PAGE :]) == content(64)
        arena.close()


def test_what_was_made_outlives_what_made_it(store: Path, repository: cleave.Repository, pool: cleave.Pool) -> None:
    push(repository, pool)
    with cleave.LazyImages(store, cleave.MiB) as images, images.checkout(images.resolve("main")) as lazy:
        space = lazy.space
    assert images.closed and lazy.closed
    assert space.read(9 * PAGE, PAGE) == content(10)
    with pytest.raises(ValueError, match="closed"):
        images.resolve("main")
    with pytest.raises(ValueError, match="closed"):
        lazy.recall()


def test_errors_say_what_is_wrong(tmp_path: Path, repository: cleave.Repository, pool: cleave.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(cleave.NotMappedError, match="no such folder"):
        cleave.Repository(tmp_path / "nowhere")
    with pytest.raises(cleave.NotMappedError):
        cleave.Repository(tmp_path)
    with pytest.raises(cleave.NotMappedError):
        repository.resolve("nothing")
    with pytest.raises(cleave.BadArgumentError, match="64 digits"):
        repository.checkout(pool, "main")
    with pytest.raises(cleave.BadArgumentError):
        repository.push(space_of(pool, {}).snapshot(), "../up")
    with pytest.raises(TypeError):
        repository.push("text", "main")  # type: ignore[arg-type]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises((cleave.BadArgumentError, cleave.UnsupportedError)):
        cleave.Repository("s3://bucket")
    with pytest.raises((cleave.BadArgumentError, cleave.UnsupportedError)):
        cleave.Repository("rados://a/b/c")


def test_a_child_has_none_of_it(store: Path, repository: cleave.Repository, pool: cleave.Pool) -> None:
    push(repository, pool)
    images = cleave.LazyImages(store, cleave.MiB)
    lazy = images.checkout(images.resolve("main"))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            calls: list[Callable[[], object]] = [repository.refs, lazy.recall]
            calls += [lambda: images.resolve("main"), lambda: lazy.space]
            for call in calls:
                with pytest.raises(cleave.NotPermittedError):
                    call()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert lazy.space.read(0, PAGE) == content(1)


END = """
import cleave, threading
images = cleave.LazyImages({store!r}, cleave.MiB)
main = images.resolve("main")
def work():
    while True:
        with images.checkout(main) as lazy:
            lazy.complete()
for _ in range(3): threading.Thread(target=work, daemon=True).start()
images.checkout(main).complete()
print("end")
"""


def test_the_interpreter_ends_while_daemon_threads_check_out(
    repository: cleave.Repository, pool: cleave.Pool, store: Path, program: Program
) -> None:
    push(repository, pool)
    for _ in range(5):
        ended = program(END.format(store=str(store)))
        assert (ended.returncode, ended.stdout) == (0, "end\n"), ended.stderr


class Bucket(http.server.BaseHTTPRequestHandler):
    """As much of S3 as a repository needs, by threads of this interpreter."""

    objects: dict[str, bytes]
    lock: threading.Lock
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    @staticmethod
    def tag(body: bytes) -> str:
        return '"' + hashlib.sha256(body).hexdigest() + '"'

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock:
            there = self.objects.get(self.path)
            match = self.headers.get("If-Match")
            if (self.headers.get("If-None-Match") and there is not None) or (
                match is not None and (there is None or match != self.tag(there))
            ):
                status = 412
            else:
                self.objects[self.path] = body
                status = 200
        self.answer(status, headers=(("ETag", self.tag(body)),))

    @staticmethod
    def before_pack() -> None:
        """Before what is in a pack is answered."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if "/packs/" in path:
            self.before_pack()
        if query:
            prefix = urllib.parse.parse_qs(query)["prefix"][0]
            with self.lock:
                found = [(key.removeprefix(path.rstrip("/") + "/"), len(body)) for key, body in self.objects.items()]
            items = "".join(
                f"<Contents><Key>{key}</Key><Size>{size}</Size></Contents>"
                for key, size in sorted(found)
                if key.startswith(prefix)
            )
            xml = f"<ListBucketResult><IsTruncated>false</IsTruncated>{items}</ListBucketResult>"
            self.answer(200, xml.encode())
            return
        with self.lock:
            body = self.objects.get(path)
        if body is None:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        tag = ("ETag", self.tag(body))
        if "Range" not in self.headers:
            self.answer(200, body, (tag,))
            return
        first, last = (int(n) for n in self.headers["Range"].removeprefix("bytes=").split("-"))
        last = min(last, len(body) - 1)
        self.answer(206, body[first : last + 1], (tag, ("Content-Range", f"bytes {first}-{last}/{len(body)}")))

    def do_DELETE(self) -> None:
        with self.lock:
            self.objects.pop(self.path, None)
        self.answer(204)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    handler = type("OneBucket", (Bucket,), {"objects": {}, "lock": threading.Lock()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    for name, value in (
        ("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}"),
        ("AWS_ACCESS_KEY_ID", "me"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ):
        monkeypatch.setenv(name, value)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield "s3://bucket/images"
    server.shutdown()
    thread.join()
    server.server_close()


def test_other_threads_go_on_while_a_page_comes(bucket: str, pool: cleave.Pool) -> None:
    """The store is served by another thread of this interpreter: with the lock held, no page would come."""
    try:
        repository = cleave.Repository.create(bucket)
    except cleave.UnsupportedError as error:
        pytest.skip(str(error))
    push(repository, pool)
    main = repository.resolve("main")

    def lazily(use: Callable[[cleave.Space], bytes]) -> bytes:
        with cleave.LazyImages(bucket, 2048 * PAGE, lease=False) as images:
            return use(images.checkout(main).space)

    def into(space: cleave.Space | cleave.Snapshot) -> bytes:
        bytes_of_a_page = bytearray(8)
        space.read_into(50 * PAGE, bytes_of_a_page)
        return bytes(bytes_of_a_page)

    def written(space: cleave.Space) -> bytes:
        space.write(50 * PAGE + 8, b"changed!")
        return space.read(50 * PAGE, 8)

    ways: list[Callable[[cleave.Space], bytes]] = [
        lambda space: space.read(50 * PAGE, 8),
        into,
        written,
        lambda space: space.snapshot().read(50 * PAGE, 8),
        lambda space: into(space.snapshot()),
        lambda space: bytes(space.snapshot().view(50 * PAGE)[:8]),
        lambda space: space.hold(50 * PAGE, PAGE).read(size=8),
    ]
    for way in ways:
        assert lazily(way) == content(51)[:8]


def test_a_lazy_checkout_that_nobody_closes_ends_its_lease_without_the_interpreters_lock(
    pool: cleave.Pool, bucket: str
) -> None:
    """The store is served by another thread of this interpreter: with the lock held, nobody would answer."""
    try:
        repository = cleave.Repository.create(bucket)
    except cleave.UnsupportedError as error:
        pytest.skip(str(error))
    push(repository, pool)
    images = cleave.LazyImages(bucket, cleave.MiB)
    lazy = images.checkout(images.resolve("main"))
    assert lazy.complete() == len(PAGES)
    space = lazy.space
    assert any(ref.name.startswith("readers/") for ref in repository.refs())
    del lazy
    assert space.read(5 * PAGE, PAGE) == content(6)
    del space
    gc.collect()
    assert [ref.name for ref in repository.refs()] == ["main"]


def test_what_a_call_has_last_ends_its_lease_without_the_interpreters_lock(
    pool: cleave.Pool, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, where it is closed while another thread's call is under way."""
    try:
        repository = cleave.Repository.create(bucket)
    except cleave.UnsupportedError as error:
        pytest.skip(str(error))
    push(repository, pool)
    images = cleave.LazyImages(bucket, cleave.MiB)
    lazy = images.checkout(images.resolve("main"))
    asked, closed = threading.Event(), threading.Event()

    def before_pack() -> None:
        asked.set()
        assert closed.wait(60)

    monkeypatch.setattr(Bucket, "before_pack", staticmethod(before_pack))
    thread = threading.Thread(target=lazy.complete)
    thread.start()
    assert asked.wait(60)
    lazy.close()
    closed.set()
    thread.join()
    assert [ref.name for ref in repository.refs()] == ["main"]
