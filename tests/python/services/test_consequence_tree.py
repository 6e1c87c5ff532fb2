"""The drawn tree: what stands below what, loops that end, and a picture."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker import cli
from impact_tracker.footprint import Effect, consequences
from impact_tracker.services.consequence_tree import branches_of, plot_tree, show_tree, tree_lines

LETTERS = consequences(
    "the same letters sorted by hand",
    [
        Effect("the service", 1, (80e3, 100e3, 130e3)),
        Effect("vans not driven", 2, (-1.2e6, -1e6, -0.8e6)),
        Effect("more letters", 3, causes=(("vans not driven", (-0.5, -0.3, -0.1)),)),
        Effect("more sorting", 3, causes=(("more letters", (0.1, 0.1, 0.1)),)),
    ],
)


def names(branches):
    return [(branch.effect.name, names(branch.children)) for branch in branches]


def test_effects_stand_below_their_causes():
    assert names(branches_of(LETTERS)) == [
        ("the service", []),
        ("vans not driven", [("more letters", [("more sorting", [])])]),
    ]
    lines = tree_lines(LETTERS)
    assert lines[0].startswith("net -570 kg a year") and "sorted by hand" in lines[0]
    assert lines[1] == "├── the service (direct): +100 kg a year"
    assert lines[2] == "└── vans not driven (indirect): -1.00 t a year"
    assert lines[3] == "    └── more letters (rebound and structure): +300 kg a year, × -0.3 (-0.5 to -0.1)"
    assert lines[4] == "        └── more sorting (rebound and structure): +30 kg a year, × 0.1"


def test_shares_add_up_to_each_effect():
    both = consequences(
        "x",
        [
            Effect("a", 2, (-10.0,) * 3),
            Effect("b", 2, (-20.0,) * 3),
            Effect("c", 3, (1.0,) * 3, (("a", (-0.5,) * 3), ("b", (-0.25,) * 3))),
        ],
    )
    shares = []

    def collect(branch):
        if branch.effect.name == "c":
            shares.append(branch.share)
        for child in branch.children:
            collect(child)

    for branch in branches_of(both):
        collect(branch)
    assert sum(shares) == pytest.approx(both.effects["c"].best)


def test_a_loop_ends_where_it_began():
    loop = consequences(
        "x",
        [
            Effect("use", 2, (100.0,) * 3, (("demand", (0.5,) * 3),)),
            Effect("demand", 3, causes=(("use", (0.5,) * 3),)),
        ],
    )
    assert names(branches_of(loop)) == [("use", [("demand", [("use", [])])])]
    assert any("↺" in line for line in tree_lines(loop))


@given(st.integers(1, 12), st.randoms(use_true_random=False))
def test_every_effect_is_drawn_and_every_tree_ends(count, chance):
    effects = []
    for number in range(count):
        causes = tuple(
            (f"e{cause}", (chance.uniform(-0.2, 0.2) / count,) * 3)
            for cause in chance.sample(range(count), chance.randint(0, min(2, count)))
        )
        amount = chance.uniform(-5, 5) if chance.random() < 0.5 or not causes else 0.0
        effects.append(Effect(f"e{number}", chance.choice([1, 2, 3]), (amount,) * 3, causes))
    declared = consequences("x", effects, draws=2)
    text = "\n".join(tree_lines(declared))
    assert all(f"{effect.name} (" in text for effect in effects)


def test_a_terminal_gets_colours_and_a_pipe_none():
    pytest.importorskip("rich")

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    pipe, terminal = io.StringIO(), Terminal()
    show_tree(LETTERS, pipe)
    show_tree(LETTERS, terminal)
    assert "\x1b" not in pipe.getvalue() and "more letters" in terminal.getvalue()


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_the_picture(tmp_path, suffix):
    pytest.importorskip("matplotlib")
    plot_tree(LETTERS, tmp_path / f"tree{suffix}")
    assert (tmp_path / f"tree{suffix}").stat().st_size > 3000


def test_the_command(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    path = tmp_path / "effects.json"
    effects = {"a": {"order": 2, "amount_kg": -5}, "b": {"order": 3, "causes": {"a": -0.5}}}
    path.write_text(json.dumps({"reference": "nothing", "effects": effects}))
    assert cli.main(["indirect", str(path), "--tree", "--figure", str(tmp_path / "t.svg")]) == 0
    assert "└── b (rebound and structure): +2.5 kg a year, × -0.5" in capsys.readouterr().out
    assert (tmp_path / "t.svg").exists()
    assert cli.main(["indirect", str(path), "--figure", str(tmp_path / "t.xyz")]) == 2
