"""The base of every section of a RunSpec."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A frozen group of fields. Unknown keys and values of another type are errors, never coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
