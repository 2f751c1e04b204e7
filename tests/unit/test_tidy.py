"""House rules that no other tool knows. Each failure says the rule and its reason."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "linker", "referral", "query", "audit")
FILES = sorted(p for top in ("services", "shared", "deploy", "tests") for p in (ROOT / top).rglob("*.py"))
CODE = [path for path in FILES if path.relative_to(ROOT).parts[0] in {"services", "shared"}]
MIGRATIONS = sorted([*(ROOT / "services").rglob("migrations/*.sql"), *(ROOT / "shared/db/migrations").glob("*.sql")])
SQL = re.compile(r"\b(SELECT\s+[\w(*]|INSERT INTO|UPDATE \w+\s+SET|DELETE FROM|CREATE TABLE|TRUNCATE)\b")
SQL_ROOMS = re.compile(
    r"^(services/\w+/store(/\w+)?\.py|services/audit/(verifier/(database|dump)|witness)\.py|shared/(db|kafka|http)/\w+\.py)$"
)
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
FILE_LINES_MAX = 450
FUNCTION_LINES_MAX = 70


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_holds_one_idea(path: Path) -> None:
    text = path.read_text()
    assert path.stem not in BANNED_NAMES, "such a name says nothing; name what lives there"
    assert text.count("\n") <= FILE_LINES_MAX, f"more than {FILE_LINES_MAX} lines hold more than one idea; split by it"
    for function in functions(ast.parse(text)):
        lines = (function.end_lineno or function.lineno) - function.lineno
        assert lines <= FUNCTION_LINES_MAX, f"{function.name} does not fit a screen; split it by meaning"


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_a_module_says_what_lives_here(path: Path) -> None:
    assert path.name == "__main__.py" or ast.get_docstring(ast.parse(path.read_text())), "a module needs a docstring"


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_what_is_public_says_what_its_types_cannot(path: Path) -> None:
    """A public function or class of services/ and shared/ has a docstring; endpoints and small values speak by name."""
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        assert ast.get_docstring(node), f"{node.name} is public and has no docstring"


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_sql_stands_in_store_as_a_constant(path: Path) -> None:
    tree = ast.parse(path.read_text())
    docstrings = {id(d) for d in _docstring_nodes(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
            assert not SQL.search(text), f"line {node.lineno}: SQL is never built from text; bind parameters"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            is_at_home = SQL_ROOMS.match(name_of(path)) is not None
            assert is_at_home or not SQL.search(node.value), f"line {node.lineno}: SQL belongs into store.py"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_its_rooms_and_its_card(service: str) -> None:
    folder = ROOT / "services" / service
    for room in ("__main__", "app", "settings", "http", "stream", "handlers", "store"):
        assert (folder / f"{room}.py").exists() or (folder / room).is_dir(), f"{service} lacks the room {room}"
    card = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    for word in ("Owns", "Consumes", "Publishes", "Not here"):
        assert word in " ".join(card.split()), f"the card of {service} lacks «{word}»"


@pytest.mark.parametrize("path", MIGRATIONS, ids=name_of)
def test_a_table_is_explained_and_deletes_are_deliberate(path: Path) -> None:
    text = path.read_text()
    created = set(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", text))
    commented = set(re.findall(r"COMMENT ON TABLE (\w+)", text))
    assert created <= commented, f"no COMMENT ON TABLE for {created - commented}"
    assert not re.search(r"\bvarchar\b|\btimestamp\b(?! with)|\bserial\b", text), "text, timestamptz, identity"


def _docstring_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            for statement in body:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    yield statement.value
