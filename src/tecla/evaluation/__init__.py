"""(reference, estimate) -> metrics. Knows no model; every file reads aim, conventions, metrics, validate, functions, evaluate."""
