"""Legal basis: regulations, their articles and clauses, in force from a day to a day."""
