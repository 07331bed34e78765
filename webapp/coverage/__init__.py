"""Coverage: which part of a pack carries out which clause, which scenario shows it, and what is missing."""
