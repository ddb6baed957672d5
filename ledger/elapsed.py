"""How long something took, reckoned by the database: SQLite and PostgreSQL subtract times in different ways."""

from typing import Any

from sqlalchemy import Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class seconds_between(FunctionElement[float]):
    """The seconds from one time to another, exact to a millisecond; negative where the second is earlier."""

    type = Float()
    inherit_cache = True
    name = "seconds_between"


@compiles(seconds_between, "sqlite")
def _in_sqlite(element: seconds_between, compiler: SQLCompiler, **more: Any) -> str:
    begin, end = (compiler.process(clause, **more) for clause in element.clauses)
    return f"((julianday({end}) - julianday({begin})) * 86400.0)"


@compiles(seconds_between, "postgresql")
def _in_postgresql(element: seconds_between, compiler: SQLCompiler, **more: Any) -> str:
    begin, end = (compiler.process(clause, **more) for clause in element.clauses)
    return f"extract(epoch from ({end} - {begin}))"
