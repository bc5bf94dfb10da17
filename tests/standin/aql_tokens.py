"""The words of an AQL query, and the place where it stops making sense."""

from __future__ import annotations

import json
import re

_TOKEN = re.compile(r'\s*(?P<token>"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|[A-Za-z]+|[{}\[\]():,.])', re.DOTALL)
_STRING = json.JSONDecoder(strict=False)
END = ""


class AqlSyntaxError(Exception):
    """The query does not parse; ``rest`` is what was left to read."""

    def __init__(self, rest: str) -> None:
        super().__init__(rest)
        self.rest = rest


class Tokens:
    """A query's tokens, read one after the other; after the last comes :data:`END`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens: list[tuple[str, int]] = []
        self._index = 0
        position = 0
        while (match := _TOKEN.match(text, position)) is not None:
            self._tokens.append((match["token"], position))
            position = match.end()
        self._tokens.append((END, position))
        self._unread = text[position:].strip()

    @property
    def ended(self) -> bool:
        """Whether everything was read."""
        return self.peek() == END and not self._unread

    def peek(self) -> str:
        return self._tokens[self._index][0]

    def next(self) -> str:
        token = self.peek()
        if token != END:
            self._index += 1
        return token

    def take(self, *wanted: str) -> str:
        """The next token, which must be one of those."""
        if self.peek() not in wanted:
            raise self.error()
        return self.next()

    def string(self) -> str:
        """The next token, which must be a quoted string."""
        token = self.peek()
        if token[:1] != '"':
            raise self.error()
        if "\\" in token:
            try:
                token = f'"{_STRING.decode(token)}"'
            except ValueError as error:
                raise self.error() from error
        self.next()
        return token[1:-1]

    def error(self, rest: str | None = None) -> AqlSyntaxError:
        """What is wrong here: everything that is not read yet, unless said otherwise."""
        return AqlSyntaxError(self.text[self._tokens[self._index][1] :].strip() if rest is None else rest)
