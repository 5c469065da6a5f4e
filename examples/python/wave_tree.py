"""A simulation explored as a tree: a wave in a tank, and every way to close its gates.

At each of four moments one of three gates is closed, and each choice is followed to its end: 81 endings, of which the
calmest is wanted. The tank lies in an arena, beside 64 MiB that the program carries along and does not change. A commit
is made at each moment, and a checkout goes back to it. The picture is docs/images/wave-tree.png.

    python3 wave_tree.py                      # explores, measures, and draws wave-tree.png
    python3 wave_tree.py --picture here.png   # another place for the picture
    python3 wave_tree.py --quick              # a small tank, measured once, for a test

Beside it the same tree is explored with copies (numpy), and with os.fork, where a child follows each choice.
"""

from __future__ import annotations

import argparse
import os
import pickle
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

import cleave

Grid = npt.NDArray[np.float32]
GATES = 3


@dataclass
class Node:
    """A moment of the tree: which gates were closed to come here, and how rough the water is then."""

    path: tuple[int, ...]
    roughness: float
    children: list[Node] = field(default_factory=list)
    commit: cleave.Commit | None = None

    def leaves(self) -> Iterator[Node]:
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass(frozen=True)
class Size:
    side: int  # cells of the tank
    steps: int  # from one moment to the next
    moments: int
    carried: int  # bytes that never change


# %% The simulation. All of its state is one record, in whatever memory it is given.


class Tank:
    """Height and speed of water, cell by cell, and walls where it cannot go."""

    def __init__(self, size: Size, memory: memoryview | None = None) -> None:
        grid = (size.side, size.side)
        layout = np.dtype(
            [
                ("height", np.float32, grid),
                ("speed", np.float32, grid),
                ("wall", np.bool_, grid),
                ("carried", np.uint8, (size.carried,)),  # maps, tables, a log: what a program has besides
            ]
        )
        self.memory = memoryview(bytearray(layout.itemsize)) if memory is None else memory
        self.state: npt.NDArray[np.void] = np.ndarray((), layout, self.memory)
        self.height: Grid = self.state["height"]
        self.speed: Grid = self.state["speed"]
        self.wall: npt.NDArray[np.bool_] = self.state["wall"]
        self.size = size

    @staticmethod
    def bytes(size: Size) -> int:
        return size.side**2 * 9 + size.carried

    def fill(self) -> None:
        y, x = np.mgrid[0 : self.size.side, 0 : self.size.side] / self.size.side
        self.height[:] = np.exp(-((x - 0.12) ** 2 + (y - 0.5) ** 2) * 300)
        self.wall[[0, -1], :] = self.wall[:, [0, -1]] = True
        self.state["carried"][:] = 1

    def close_gate(self, moment: int, gate: int) -> None:
        """A wall across a third of the tank, further on at each moment."""
        side = self.size.side
        column = int(side * (0.25 + 0.15 * moment))
        self.wall[gate * side // GATES : (gate + 1) * side // GATES, column : column + 2] = True

    def run(self) -> None:
        height, speed = self.height, self.speed
        for _ in range(self.size.steps):
            pull = height[:-2, 1:-1] + height[2:, 1:-1] + height[1:-1, :-2] + height[1:-1, 2:]
            speed[1:-1, 1:-1] += 0.3 * (pull - 4 * height[1:-1, 1:-1])
            speed[self.wall] = 0
            height += speed

    def roughness(self) -> float:
        """Of the water behind the last gate."""
        return float(np.abs(self.height[:, int(self.size.side * 0.75) :]).sum())

    def choose(self, path: tuple[int, ...], gate: int) -> Node:
        self.close_gate(len(path), gate)
        self.run()
        return Node((*path, gate), self.roughness())


# %% Four ways through the same tree.


def with_an_arena(tank: Tank, arena: cleave.Arena, node: Node, keep: bool = False) -> None:
    if len(node.path) == tank.size.moments:
        if keep:
            node.commit = arena.commit()
        return
    for gate in range(GATES):
        with arena.branch():  # comes back to where it began
            child = tank.choose(node.path, gate)
            node.children.append(child)
            with_an_arena(tank, arena, child, keep)


def with_copies(tank: Tank, node: Node) -> None:
    if len(node.path) == tank.size.moments:
        return
    whole = np.frombuffer(tank.memory, np.uint8)
    before = whole.copy()
    for gate in range(GATES):
        child = tank.choose(node.path, gate)
        node.children.append(child)
        with_copies(tank, child)
        whole[:] = before


def with_forks(tank: Tank, node: Node) -> None:
    if len(node.path) == tank.size.moments:
        return
    for gate in range(GATES):
        receive, send = os.pipe()
        process = os.fork()
        if process == 0:
            child = tank.choose(node.path, gate)
            with_forks(tank, child)
            with open(send, "wb") as pipe:
                pickle.dump(child, pipe)
            os._exit(0)
        os.close(send)
        with open(receive, "rb") as pipe:
            node.children.append(pickle.load(pipe))
        os.waitpid(process, 0)


def simulation_alone(tank: Tank, node: Node) -> None:
    """As many steps, and no way back: what each of the others costs more."""
    if len(node.path) == tank.size.moments:
        return
    for gate in range(GATES):
        simulation_alone(tank, tank.choose(node.path, gate))
        tank.wall[1:-1, 1:-1] = False  # or the water would stand still soon


# %% Time. Each run begins with a full tank of its own; making it is not counted.


def measure(size: Size, runs: int) -> dict[str, float]:
    def an_arena() -> Callable[[Node], None]:
        pool = cleave.Pool(4 * cleave.GiB)
        arena = cleave.Arena(pool, Tank.bytes(size))
        tank = Tank(size, arena.memory)
        tank.fill()
        arena.commit()
        return lambda root: with_an_arena(tank, arena, root)

    def plain(way: Callable[[Tank, Node], None]) -> Callable[[], Callable[[Node], None]]:
        def prepare() -> Callable[[Node], None]:
            tank = Tank(size)
            tank.fill()
            return lambda root: way(tank, root)

        return prepare

    ways = {
        "the simulation alone": plain(simulation_alone),
        "with an arena": an_arena,
        "with numpy.copy": plain(with_copies),
        "with os.fork": plain(with_forks),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    endings: dict[str, list[float]] = {}
    for _ in range(runs):  # in turn, so that a busy minute meets all of them
        for name, prepare in ways.items():
            explore, root = prepare(), Node((), 0.0)
            began = time.perf_counter()
            explore(root)
            seconds[name].append(time.perf_counter() - began)
            endings[name] = [leaf.roughness for leaf in root.leaves()]
    del endings["the simulation alone"]
    assert len({tuple(each) for each in endings.values()}) == 1, "the ways disagree about the water"
    return {name: statistics.median(times) for name, times in seconds.items()}


# %% The picture.


def draw(root: Node, tank: Tank, arena: cleave.Arena, times: dict[str, float], picture: str) -> None:
    import matplotlib  # type: ignore[import]

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(11, 5.4), layout="constrained")
    plan = [["tree", "calm", "rough"], ["tree", "time", "time"]]
    panels = figure.subplot_mosaic(plan, width_ratios=[1.4, 1, 1], height_ratios=[1.6, 1])

    leaves = list(root.leaves())
    calm = min(leaves, key=lambda leaf: leaf.roughness)
    rough = max(leaves, key=lambda leaf: leaf.roughness)
    height = {id(leaf): float(number) for number, leaf in enumerate(leaves)}
    shades = pyplot.get_cmap("viridis_r")
    most = max(leaf.roughness for leaf in leaves)

    def place(node: Node) -> float:
        if node.children:
            height[id(node)] = sum(place(child) for child in node.children) / len(node.children)
        return height[id(node)]

    def branches(node: Node) -> None:
        for child in node.children:
            best = calm.path[: len(child.path)] == child.path
            panels["tree"].plot(
                [len(node.path), len(child.path)],
                [height[id(node)], height[id(child)]],
                color="tab:red" if best else "lightgrey",
                linewidth=2.5 if best else 1,
                zorder=2 if best else 1,
            )
            branches(child)
        if node.path:
            shade = shades(min(node.roughness / most, 1.0))
            panels["tree"].scatter(len(node.path), height[id(node)], color=shade, s=28, zorder=3)

    place(root)
    branches(root)
    panels["tree"].set(title=f"{len(leaves)} endings; red leads to the calmest", xlabel="gates closed", yticks=[])
    panels["tree"].set_xticks(range(tank.size.moments + 1))
    for name, leaf in (("calm", calm), ("rough", rough)):
        assert leaf.commit is not None
        arena.checkout(leaf.commit)  # tank.height shows that ending now
        water = np.where(tank.wall, np.nan, tank.height)
        panels[name].imshow(water, cmap="coolwarm", vmin=-0.15, vmax=0.15)
        panels[name].set(title=f"the {name}est ending" if name == "calm" else "the roughest", xticks=[], yticks=[])
    bars = panels["time"].barh(list(times), [1000 * each for each in times.values()], color="tab:blue")
    panels["time"].bar_label(bars, fmt="%.0f ms", padding=3)
    panels["time"].set(title="time to explore the tree (median)", xlim=(0, 1300 * max(times.values())), xticks=[])
    panels["time"].invert_yaxis()
    figure.savefig(picture, dpi=110)


def main() -> None:
    options = argparse.ArgumentParser(description="Explores a simulation as a tree.")
    options.add_argument("--quick", action="store_true", help="a small tank, measured once")
    options.add_argument("--picture", help="where the picture goes (wave-tree.png; none with --quick)")
    options.add_argument("--runs", type=int, default=9, help="of each way; the median counts")
    chosen = options.parse_args()
    size = Size(96, 60, 2, cleave.MiB) if chosen.quick else Size(256, 90, 4, 64 * cleave.MiB)

    pool = cleave.Pool(cleave.GiB)
    arena = cleave.Arena(pool, Tank.bytes(size))
    tank = Tank(size, arena.memory)
    tank.fill()
    arena.commit("full")
    root = Node((), 0.0)
    with_an_arena(tank, arena, root, keep=True)
    leaves = list(root.leaves())
    calm, rough = min(leaves, key=lambda n: n.roughness), max(leaves, key=lambda n: n.roughness)
    assert calm.commit is not None and rough.commit is not None
    differ = sum(len(run) for run in arena.diff(calm.commit, rough.commit))
    print(f"{len(leaves)} endings of a tank of {size.side} x {size.side} cells, {arena.size >> 20} MiB in all")
    print(f"calmest: gates {calm.path}, roughness {calm.roughness:.0f}; roughest: {rough.path}, {rough.roughness:.0f}")
    print(f"these two differ in {differ >> 10} KiB; all commits take {pool.statistics().used >> 8} MiB of the pool")
    assert arena.head.name == "full" and not arena.changes(), "the arena did not come back"

    times = measure(size, 1 if chosen.quick else chosen.runs)
    nodes = sum(GATES**moment for moment in range(1, size.moments + 1))
    for name, seconds in times.items():
        more = (seconds - times["the simulation alone"]) / nodes
        print(f"{name:21} {1000 * seconds:8.0f} ms" + (f"  {1000 * more:6.2f} ms a node more" if more else ""))
    picture = chosen.picture or (None if chosen.quick else "wave-tree.png")
    if chosen.quick and picture is None:
        with tempfile.TemporaryDirectory() as folder:
            draw(root, tank, arena, times, f"{folder}/wave-tree.png")
    elif picture is not None:
        draw(root, tank, arena, times, picture)


if __name__ == "__main__":
    main()
