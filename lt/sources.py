"""Which code a result depends on: the functions and methods that it really uses, without what changes no number."""

import ast
import functools
import importlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

SILENT = {"tqdm", "IPython", "matplotlib", "seaborn"}  # libraries that show numbers and make none
CONSTANTS = (bool, int, float, complex, str, bytes, tuple, list, dict, set, frozenset)


@functools.cache  # an edit while a process runs is not what it runs
def source_of(value: Any) -> str:
    """The source of a function or a class."""
    return inspect.getsource(value)


class _Meaning(ast.NodeTransformer):
    """Drops docstrings, annotations and the messages of errors from a syntax tree, in place; comments are gone already."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return ast.Raise()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        return ast.Assign([node.target], node.value, lineno=0) if node.value else ast.Expr(node.target)


class Dependencies:
    """What functions reach, found by reading: names are looked up where they are written, in globals, modules and imports.

    ``code`` holds the source of each function, class and method by its name, and constants; ``packages`` other libraries. A
    method counts if some reached code calls one of its name; special methods and ``forward`` always do. ``own`` are the
    packages that are read, ``read`` gives the source of an object.
    """

    def __init__(self, own: set[str], read: Callable[[Any], str] = source_of):
        self.own, self.read = own, read
        self.code: dict[str, str] = {}
        self.packages: set[str] = set()
        self._called: set[str] = set()  # names of attributes in reached code
        self._waiting: dict[str, tuple[ast.FunctionDef, dict]] = {}  # methods that nobody has called so far

    def add(self, value: Any, name: str = "") -> None:
        """Follow a function, a class, a module of another package or a constant."""
        value = inspect.unwrap(value.func if isinstance(value, functools.partial) else value)
        module = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None) or ""
        top = module.partition(".")[0]
        if top and top not in self.own and top not in sys.stdlib_module_names and top not in SILENT:
            self.packages.add(top)
        elif isinstance(value, CONSTANTS):
            text = repr(
                sorted(value, key=repr) if isinstance(value, set | frozenset) else value
            )  # a set has another order in every process
            if " at 0x" not in text:
                self.code[name] = text
        elif top in self.own and (inspect.isfunction(value) or inspect.isclass(value)):
            key = f"{module}.{value.__qualname__}"
            if key not in self.code:
                names = vars(sys.modules[module]) | getattr(value, "__globals__", {})
                self.visit(ast.parse(textwrap.dedent(self.read(value))), names, key)

    def visit(self, tree: ast.Module, names: dict, key: str) -> None:
        """Follow a syntax tree, whose names mean ``names``."""
        for kind in _annotations(tree):
            value = _meaning(kind, names)
            if inspect.isclass(value) and value.__module__.partition(".")[0] in self.own:  # an argument: what counts are the methods called
                for part in ast.parse(textwrap.dedent(self.read(value))).body[0].body:  # type: ignore[attr-defined]
                    method = f"{value.__module__}.{value.__qualname__}.{getattr(part, 'name', '')}"
                    if isinstance(part, ast.FunctionDef) and not part.name.startswith("__") and method not in self.code:
                        self._waiting.setdefault(method, (_Meaning().visit(part), vars(sys.modules[value.__module__])))
        tree = _Meaning().visit(tree)
        (node, *others) = tree.body or [ast.Pass()]
        if isinstance(node, ast.ClassDef) and not others:
            for part in [part for part in node.body if isinstance(part, ast.FunctionDef)]:
                if not part.name.startswith("__") and part.name != "forward":
                    node.body.remove(part)
                    self._waiting[f"{key}.{part.name}"] = part, names
        self._follow(tree, names, key)
        while ready := next((method for method in self._waiting if method.rpartition(".")[2] in self._called), None):
            self._follow(*self._waiting.pop(ready), ready)

    def _follow(self, tree: ast.AST, names: dict, key: str) -> None:
        self.code[key] = ast.unparse(ast.fix_missing_locations(tree))
        names = names | dict(_imported(tree))

        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and not inspect.ismodule(_meaning(node.value, names)):
                self._called.add(node.attr)
            value = _meaning(node, names)
            foreign = (
                isinstance(node, ast.Attribute)
                and value is not None
                and _meaning(node.value, names).__name__.partition(".")[0] not in self.own
            )
            if foreign and isinstance(value, CONSTANTS) and not isinstance(value, int | float):
                continue  # a list of names, a path: what the interpreter is, not what the code does
            if value is not None and not (inspect.ismodule(value) and value.__name__.partition(".")[0] in self.own):
                self.add(value, f"{names.get('__name__', key)}.{ast.unparse(node)}")


def _meaning(node: ast.AST, names: dict) -> Any:
    """The object that a name, or an attribute of a module, stands for; None if that cannot be read off."""
    if isinstance(node, ast.Name):
        return None if node.id == "__file__" else names.get(node.id)  # where the code lies is not what it does
    if isinstance(node, ast.Attribute) and inspect.ismodule(parent := _meaning(node.value, names)):
        return getattr(parent, node.attr, None)
    return None


def _annotations(tree: ast.AST) -> Iterator[ast.AST]:
    """Every name in the annotations of arguments and variables of a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            yield from ast.walk(node.annotation)


def _imported(tree: ast.AST) -> Iterator[tuple[str, object]]:
    """The names that ``from module import name`` gives anywhere in a tree, with their objects."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        for alias in node.names:
            try:
                module = importlib.import_module(node.module)
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
            except ImportError:  # it is not here to be used
                continue
            yield alias.asname or alias.name, getattr(module, alias.name)


def of_functions(*roots: Callable, read: Callable[[Any], str] = source_of) -> tuple[dict[str, str], set[str]]:
    """Code and packages (:class:`Dependencies`) that these functions reach."""
    found = Dependencies({"lt"} | {root.__module__.partition(".")[0] for root in roots}, read)
    for root in roots:
        found.add(root)
    return found.code, found.packages


def of_page(source: str, name: str) -> dict[str, str]:
    """The code that a chapter's source reaches, itself included: what its numbers depend on."""
    found = Dependencies({"lt"})
    found.visit(ast.parse(source), {"__name__": name}, name)
    return found.code
