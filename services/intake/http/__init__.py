"""The HTTP of intake: what is posted (`forms`), how it is read (`reading`), what is shown (`answers`); routes."""

from services.intake.http import batches, people, tips

ROUTES = (*tips.ROUTES, *batches.ROUTES, *people.ROUTES)
