"""A page as a browser sees it: tags, attributes and text; unbalanced tags are refused."""

from html.parser import HTMLParser
from typing import Final

VOID: Final = ("meta", "link", "br", "hr", "img", "input")


class Page(HTMLParser):
    """The tags of `text` in order, and all text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"`{tag}` closes nothing"

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        """The values of the attribute `name`, wherever it stands."""
        return [value for _, attrs in self.tags if (value := attrs.get(name)) is not None]
