"""Moving secrets between two stores: nothing is lost, whatever was changed or failed in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from portshift.core.errors import PortshiftError
from portshift_bridge.secret_moving import Cleared, clear, copy
from portshift_bridge.secrets import SecretState, SecretUnavailable
from tests.fakes.secrets import MemorySecretStore

A, B = "registries/a", "registries/b"


class FailingStore(MemorySecretStore):
    """Answers ``left`` times, then never again."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    def get(self, name: str) -> Mapping[str, str]:
        self._count()
        return super().get(name)

    def put(self, name: str, values: Mapping[str, str]) -> None:
        self._count()
        super().put(name, values)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise SecretUnavailable("the store is sealed", state=SecretState.SEALED)


class ForgetfulStore(MemorySecretStore):
    """Takes everything, and keeps something else."""

    def put(self, name: str, values: Mapping[str, str]) -> None:
        super().put(name, dict.fromkeys(values, "?"))


def store(values: Mapping[str, str], to: MemorySecretStore | None = None) -> MemorySecretStore:
    """A store with one value under each name."""
    made = to or MemorySecretStore()
    for name, value in values.items():
        made.put(name, {"secret": value})
    return made


def content(kept: MemorySecretStore) -> dict[str, str]:
    return {name: kept.get(name)["secret"] for name in kept.names()}


def test_a_copy_leaves_the_source_as_it_is_and_can_be_repeated() -> None:
    source, target = store({A: "1", B: "2"}), MemorySecretStore()
    for _ in range(2):
        copy([A, B], source=source, to=target)
        assert content(source) == content(target) == {A: "1", B: "2"}


def test_a_copy_overwrites_what_an_earlier_one_left() -> None:
    source, target = store({A: "new"}), store({A: "old"})
    copy([A], source=source, to=target)
    assert content(target) == {A: "new"}


def test_what_comes_back_changed_ends_the_copy() -> None:
    with pytest.raises(PortshiftError, match="'registries/a' came back changed"):
        copy([A], source=store({A: "1"}), to=ForgetfulStore())


def test_what_both_stores_have_is_deleted_in_the_old_one() -> None:
    source, target = store({A: "1", B: "2"}), store({A: "1", B: "2"})
    assert clear([A, B], source=source, to=target) == Cleared((A, B), ())
    assert (content(source), content(target)) == ({}, {A: "1", B: "2"})
    assert clear([], source=source, to=target) == Cleared((), ())


def test_what_the_store_in_use_lacks_is_copied_before_it_is_deleted() -> None:
    source, target = store({A: "1", B: "2"}), store({A: "1"})
    assert clear([A, B], source=source, to=target).deleted == (A, B)
    assert (content(source), content(target)) == ({}, {A: "1", B: "2"})


def test_what_differs_stays_in_both_until_it_is_discarded() -> None:
    source, target = store({A: "old", B: "2"}), store({A: "in use", B: "2"})
    assert clear([A, B], source=source, to=target) == Cleared((B,), (A,))
    assert (content(source), content(target)) == ({A: "old"}, {A: "in use", B: "2"})
    assert clear([A], source=source, to=target, discard=True) == Cleared((A,), ())
    assert (content(source), content(target)) == ({}, {A: "in use", B: "2"})


# Of each secret a copy asks three things, and a deletion of what the other store lacks asks four.
@pytest.mark.parametrize(
    ("step", "answers"), [*((copy, number) for number in range(6)), *((clear, number) for number in range(8))]
)
def test_wherever_the_other_store_fails_no_secret_is_lost(step: Callable[..., object], answers: int) -> None:
    source, target = store({A: "1", B: "2"}), FailingStore(answers)
    with pytest.raises(SecretUnavailable, match="sealed"):
        step([A, B], source=source, to=target)
    target.left = 100
    assert {**content(target), **content(source)} == {A: "1", B: "2"}
    clear(source.names(), source=source, to=target)
    assert (content(source), content(target)) == ({}, {A: "1", B: "2"})
