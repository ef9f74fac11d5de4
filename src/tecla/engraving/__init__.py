"""Performance -> Score: from what was played to what is written."""

from tecla.engraving.engraver import LEVELS, Engraving, Wishes, engrave, engrave_with_grid

__all__ = ["LEVELS", "Engraving", "Wishes", "engrave", "engrave_with_grid"]
